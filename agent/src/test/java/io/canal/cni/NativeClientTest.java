package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.kernel.testing.Script;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The plugin's executable against an agent that the test plays. */
@Execution(ExecutionMode.CONCURRENT)
final class NativeClientTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private volatile ServerSocketChannel listener;
    private volatile Agent lastAgent;
    private final BlockingQueue<JsonNode> requests = new LinkedBlockingQueue<>();

    private interface Agent {
        void answer(SocketChannel connection, byte[] request) throws IOException;
    }

    @AfterEach
    void stop() throws IOException {
        if (listener != null) {
            listener.close();
        }
    }

    @Test
    void the_variables_and_standard_input_reach_the_agent() throws Exception {
        agent(replying("{\"v\":1,\"code\":0,\"stdout\":\"\",\"stderr\":\"\"}"));
        client().run(Map.of("CNI_COMMAND", "ADD", "CNI_ARGS", "A=\"b\\c\"\n\u00e4\ud83d\ude00", "PATH", "/bin", "CNI_IFNAME", ""), "{\"a\":\t1}\n");
        assertEquals(JSON.readTree("""
                {"v":1,"env":{"CNI_COMMAND":"ADD","CNI_ARGS":"A=\\"b\\\\c\\"\\n\u00e4\ud83d\ude00","CNI_IFNAME":""},"stdin":"{\\"a\\":\\t1}\\n"}"""), requests.take());
    }

    @Test
    void bytes_that_are_not_utf8_become_the_replacement_character() throws Exception {
        agent(replying("{\"code\":0,\"stdout\":\"\"}"));
        byte[] input = {'a', (byte) 0xff, 'b', (byte) 0xc3, 0, (byte) 0xed, (byte) 0xa0, (byte) 0x80};
        client().run(Map.of("CNI_COMMAND", "ADD"), input);
        assertEquals("a\ufffdb\ufffd\0\ufffd\ufffd\ufffd", requests.take().path("stdin").textValue());
    }

    @Test
    void the_agents_outcome_is_passed_on() throws Exception {
        agent(replying("{\"more\":[{\"x\":[]},1e3,null,\"\\u00e4\"],\"v\":1,\"code\":7,\"stdout\":\"a\\n\\u00e4\\ud83d\\ude00\\t\\\"\",\"stderr\":\"oh\"}"));
        var outcome = client().run(Map.of("CNI_COMMAND", "CHECK"), "{}");
        assertEquals(7, outcome.code());
        assertEquals("a\n\u00e4\ud83d\ude00\t\"", outcome.out());
        assertEquals("oh", outcome.err());
    }

    @Test
    void megabytes_pass_in_both_directions() throws Exception {
        String much = "0123456789abcdef".repeat(300_000);
        agent(replying("{\"code\":0,\"stdout\":\"" + much + "\"}"));
        var outcome = client().run(Map.of("CNI_COMMAND", "ADD"), much);
        assertEquals(much, requests.take().path("stdin").textValue());
        assertEquals(much, outcome.out());
    }

    @Test
    void input_above_16_mib_is_refused() throws Exception {
        agent(replying("{\"code\":0,\"stdout\":\"\"}"));
        var outcome = client().run(Map.of("CNI_COMMAND", "ADD"), new byte[(16 << 20) + 1]);
        assertError(5, outcome);
    }

    @Test
    void a_reply_may_come_in_pieces() throws Exception {
        agent((connection, request) -> {
            byte[] frame = frame("{\"code\":0,\"stdout\":\"whole\"}");
            for (byte piece : frame) {
                connection.write(ByteBuffer.wrap(new byte[] {piece}));
            }
        });
        assertEquals("whole", client().run(Map.of("CNI_COMMAND", "ADD"), "{}").out());
    }

    @Test
    void without_an_agent_add_check_and_gc_say_try_again_later() {
        for (String command : new String[] {"ADD", "CHECK", "GC"}) {
            assertError(11, client().run(Map.of("CNI_COMMAND", command), "{}"));
        }
    }

    @Test
    void without_an_agent_status_says_not_available() {
        assertError(50, client().run(Map.of("CNI_COMMAND", "STATUS"), "{}"));
    }

    @Test
    void version_needs_no_agent() {
        var outcome = client().run(Map.of("CNI_COMMAND", "VERSION"), "{\"cniVersion\":\"1.0.0\"}");
        assertEquals(0, outcome.code());
        assertEquals("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.1.0\",\"0.2.0\",\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n",
                outcome.out());
    }

    @Test
    void without_a_command_it_says_what_it_is() {
        var outcome = client().run(Map.of(), "");
        assertEquals(0, outcome.code());
        assertEquals("", outcome.out());
        assertTrue(outcome.err().contains("CNI protocol versions supported: 0.1.0, "), outcome.err());
    }

    @Test
    void an_unknown_command_is_refused_as_upstream_does() {
        var outcome = client().run(Map.of("CNI_COMMAND", "FOO\""), "");
        assertEquals("{\n    \"code\": 4,\n    \"msg\": \"unknown CNI_COMMAND: FOO\\\"\"\n}", outcome.out());
        assertEquals(1, outcome.code());
    }

    @Test
    void del_without_an_agent_runs_the_bundled_runtime_with_the_same_input() throws Exception {
        program("printf '%s\\n' \"$PWD\" \"$0\" \"$@\" \"$CNI_COMMAND\"; cat");
        String input = "{\"name\":\"" + "n".repeat(100_000) + "\"}";
        var outcome = client().run(Map.of("CNI_COMMAND", "DEL"), input);
        assertEquals(folder + "/program\nruntime/bin/java\n@java.args\nio.canal.cni.OfflineDel\nDEL\n" + input, outcome.out());
        assertEquals(0, outcome.code());
    }

    @Test
    void del_without_agent_and_runtime_says_try_again_later() {
        assertError(11, client().run(Map.of("CNI_COMMAND", "DEL"), "{}"));
    }

    @Test
    void an_agent_that_hangs_is_left_after_8_seconds() throws Exception {
        program("echo offline");
        agent((connection, request) -> sleep(20_000));
        var del = new Thread[1];
        var offline = new NativeClient.Outcome[1];
        del[0] = Thread.startVirtualThread(() -> offline[0] = client().run(Map.of("CNI_COMMAND", "DEL"), "{}"));
        var add = client().run(Map.of("CNI_COMMAND", "ADD"), "{}");
        del[0].join();
        assertError(11, add);
        assertTrue(add.millis() >= 7_900 && add.millis() < 9_500, add.millis() + " ms");
        assertEquals("offline\n", offline[0].out());
        assertTrue(offline[0].millis() < 9_500, offline[0].millis() + " ms");
    }

    @Test
    void an_agent_that_dies_in_the_middle_is_asked_again_when_it_is_back() throws Exception {
        AtomicInteger lives = new AtomicInteger();
        agent((connection, request) -> {
            if (lives.incrementAndGet() == 1) {
                listener.close();
                Thread.startVirtualThread(() -> {
                    sleep(300);
                    restart();
                });
            } else {
                replying("{\"code\":0,\"stdout\":\"back\"}").answer(connection, request);
            }
        });
        var add = client().run(Map.of("CNI_COMMAND", "ADD"), "{}");
        assertEquals("back", add.out());
        assertEquals(2, lives.get());
    }

    @Test
    void an_agent_that_does_not_come_back_is_waited_for_1_5_seconds() throws Exception {
        agent(replying("{\"code\":0,\"stdout\":\"\"}"));
        listener.close();
        var add = client().run(Map.of("CNI_COMMAND", "ADD"), "{}");
        assertError(11, add);
        assertTrue(add.millis() >= 1_400 && add.millis() < 7_000, add.millis() + " ms");
        var status = client().run(Map.of("CNI_COMMAND", "STATUS"), "{}");
        assertError(50, status);
        assertTrue(status.millis() < 2_000, status.millis() + " ms");
    }

    @Test
    void an_agent_that_dies_in_the_middle_is_no_agent() throws Exception {
        agent((connection, request) -> connection.write(ByteBuffer.wrap(new byte[] {0, 0})));
        assertError(11, client().run(Map.of("CNI_COMMAND", "ADD"), "{}"));
    }

    @Test
    void a_reply_that_is_not_understood_is_no_reply() throws Exception {
        String[] replies = {"", "[]", "{", "{\"code\":1}", "{\"stdout\":\"\"}", "{\"code\":256,\"stdout\":\"\"}", "{\"code\":-1,\"stdout\":\"\"}",
            "{\"code\":0,\"stdout\":\"\\x\"}", "{\"code\":0,\"stdout\":\"\\u12\"}", "{\"code\":0,\"stdout\":\"", "{\"code\":0 \"stdout\":\"\"}",
            "{\"a\":" + "[".repeat(100_000) + ",\"code\":0,\"stdout\":\"\"}"};
        for (String reply : replies) {
            agent(replying(reply));
            assertError(11, client().run(Map.of("CNI_COMMAND", "ADD"), "{}"));
            listener.close();
        }
    }

    @Test
    void a_reply_that_claims_to_be_huge_is_refused() throws Exception {
        agent((connection, request) -> connection.write(ByteBuffer.wrap(new byte[] {-1, -1, -1, -1})));
        assertError(11, client().run(Map.of("CNI_COMMAND", "ADD"), "{}"));
    }

    @Test
    void a_reader_that_went_away_does_not_kill_the_plugin() throws Exception {
        agent(replying("{\"code\":0,\"stdout\":\"" + "x".repeat(1 << 20) + "\"}"));
        Process process = client().start(Map.of("CNI_COMMAND", "ADD"));
        process.getInputStream().close();
        process.getOutputStream().close();
        assertEquals(1, process.waitFor());
    }

    @Test
    void closed_standard_descriptors_do_no_harm() throws Exception {
        agent(replying("{\"code\":3,\"stdout\":\"x\"}"));
        var builder = new ProcessBuilder("sh", "-c", "exec \"$0\" <&- >&- 2>&-", NativeClient.binary().toString());
        builder.environment().putAll(Map.of("CNI_COMMAND", "ADD", "CANAL_CNI_SOCKET", socket().toString()));
        assertEquals(3, builder.start().waitFor());
        assertFalse(requests.isEmpty());
    }

    private NativeClient client() {
        return new NativeClient(socket(), folder.resolve("program"));
    }

    private Path socket() {
        return folder.resolve("cni.sock");
    }

    private void program(String script) throws IOException {
        Script.write(folder.resolve("program/runtime/bin/java"), "#!/bin/sh\n" + script + "\n");
    }

    private void restart() {
        try {
            agent(lastAgent);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void agent(Agent agent) throws IOException {
        lastAgent = agent;
        Path made = folder.resolve("cni.new");
        ServerSocketChannel opened = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        opened.bind(UnixDomainSocketAddress.of(made));
        Files.move(made, socket(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        listener = opened;
        Thread.startVirtualThread(() -> {
            while (opened.isOpen()) {
                try {
                    SocketChannel connection = opened.accept();
                    Thread.startVirtualThread(() -> serve(agent, connection));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private void serve(Agent agent, SocketChannel connection) {
        try (connection) {
            ByteBuffer head = ByteBuffer.allocate(4);
            while (head.hasRemaining()) {
                connection.read(head);
            }
            ByteBuffer body = ByteBuffer.allocate(head.flip().getInt());
            while (body.hasRemaining()) {
                connection.read(body);
            }
            requests.add(JSON.readTree(body.array()));
            agent.answer(connection, body.array());
        } catch (IOException clientLeft) {
            // As an agent must expect.
        }
    }

    private static Agent replying(String json) {
        return (connection, request) -> {
            ByteBuffer frame = ByteBuffer.wrap(frame(json));
            while (frame.hasRemaining()) {
                connection.write(frame);
            }
        };
    }

    private static byte[] frame(String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void assertError(int code, NativeClient.Outcome outcome) {
        assertEquals(1, outcome.code(), outcome.toString());
        try {
            JsonNode error = JSON.readTree(outcome.out());
            assertEquals(code, error.path("code").intValue(), outcome.out());
            assertFalse(error.path("msg").textValue().isEmpty());
        } catch (IOException notJson) {
            throw new AssertionError(outcome.toString(), notJson);
        }
    }
}
