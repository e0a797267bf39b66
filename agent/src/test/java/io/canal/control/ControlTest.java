package io.canal.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlTest {

    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private Path socket() {
        return folder.resolve("run").resolve("agent.sock");
    }

    private ControlServer echo() throws IOException {
        return ControlServer.listen(socket(), Map.of("echo", request -> Json.object().put("said", request.path("say").asText()),
                "refuse", _ -> {
                    throw new ControlServer.Refusal("Not on a Sunday.");
                },
                "break", _ -> {
                    throw new IllegalStateException("broken");
                }));
    }

    @Test
    void a_request_gets_its_reply() throws IOException {
        try (ControlServer _ = echo()) {
            Reply.Done done = assertInstanceOf(Reply.Done.class, new ControlClient(socket()).call("echo", Json.object().put("say", "ä"), SOON));
            assertEquals("ä", done.body().path("said").asText());
        }
    }

    @Test
    void a_long_request_and_many_at_once_get_theirs() throws Exception {
        try (ControlServer _ = echo(); ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<String>> calls = IntStream.range(0, 50).<Callable<String>>mapToObj(i -> () -> {
                Reply reply = new ControlClient(socket()).call("echo", Json.object().put("say", "x".repeat(300_000) + i), SOON);
                return assertInstanceOf(Reply.Done.class, reply).body().path("said").asText().substring(300_000);
            }).toList();
            int i = 0;
            for (Future<String> said : threads.invokeAll(calls)) {
                assertEquals(String.valueOf(i++), said.get());
            }
        }
    }

    @Test
    void a_refusal_carries_its_sentence() throws IOException {
        try (ControlServer _ = echo()) {
            assertEquals(new Reply.Refused("Not on a Sunday."), new ControlClient(socket()).call("refuse", Json.object(), SOON));
        }
    }

    @Test
    void an_unknown_operation_is_refused_with_the_known_ones() throws IOException {
        try (ControlServer _ = echo()) {
            assertEquals(new Reply.Refused("request: op is \"nap\", expected one of break, echo, refuse"),
                    new ControlClient(socket()).call("nap", Json.object(), SOON));
        }
    }

    @Test
    void a_defect_in_an_operation_is_answered_and_the_server_lives_on() throws IOException {
        try (ControlServer _ = echo()) {
            assertInstanceOf(Reply.Refused.class, new ControlClient(socket()).call("break", Json.object(), SOON));
            assertInstanceOf(Reply.Done.class, new ControlClient(socket()).call("echo", Json.object(), SOON));
        }
    }

    @Test
    void without_an_agent_the_reply_says_that_none_listens() {
        Reply.Unreachable reply = assertInstanceOf(Reply.Unreachable.class, new ControlClient(socket()).call("echo", Json.object(), SOON));
        assertTrue(reply.sentence().startsWith("No agent answers at " + socket()), reply.sentence());
    }

    @Test
    void an_agent_that_hangs_is_given_up_at_the_deadline() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (ControlServer _ = ControlServer.listen(socket(), Map.of("hang", _ -> {
            try {
                end.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            return Json.object();
        }))) {
            Reply.Unreachable reply = assertInstanceOf(Reply.Unreachable.class,
                    new ControlClient(socket()).call("hang", Json.object(), Duration.ofMillis(150)));
            assertEquals("The agent at " + socket() + " did not answer hang within 150 ms.", reply.sentence());
            end.countDown();
        }
    }

    @Test
    void only_the_owner_may_open_the_socket() throws IOException {
        try (ControlServer _ = echo()) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
        }
    }

    @Test
    void a_socket_that_a_dead_process_left_is_taken_over_and_a_live_one_is_not() throws IOException {
        Files.createDirectories(socket().getParent());
        ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        dead.bind(UnixDomainSocketAddress.of(socket()));
        dead.close();
        try (ControlServer _ = echo()) {
            assertInstanceOf(Reply.Done.class, new ControlClient(socket()).call("echo", Json.object(), SOON));
            IOException refused = assertThrows(IOException.class, this::echo);
            assertTrue(String.valueOf(refused.getMessage()).contains("only one agent can run"), refused::toString);
        }
    }

    @Test
    void a_status_is_read_as_it_was_written() {
        AgentStatus status = new AgentStatus(false, List.of("The watch of etcd is lost."), "10.1.49.1/24", "10.1.0.0/16", 1450, "nftables",
                "h1", "10.10.0.1", "1.0", "abc", List.of(new Finding("a", "b", "c", "d", "e")), true, "x", List.of("n"));
        ObjectNode node = Json.object("status", Json.compact(status.encode())).orThrow();
        assertEquals(status, AgentStatus.decode("status", node).orThrow());
    }
}
