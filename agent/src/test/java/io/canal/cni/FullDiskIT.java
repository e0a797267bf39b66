package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.cni.TestHost.Call;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods are removed though nothing more can be written to the node's disk, and what they leave in etcd is removed when it can be. */
final class FullDiskIT {

    @TempDir
    static Path disk;

    private static TestHost host;

    @BeforeAll
    static void start() throws Exception {
        mount("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString());
        host = new TestHost(disk);
    }

    @AfterAll
    static void stop() throws Exception {
        host.close();
        mount("umount", "-l", disk.toString());
    }

    @AfterEach
    void reset() throws Exception {
        free();
        host.reset();
    }

    @Test
    void a_pod_is_removed_and_a_new_one_refused() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        fill();
        delete(call);
        assertEquals(Map.of(), host.etcd());
        NativeClient.Outcome refused = host.call("ADD", Call.pod("c1", host.pod("b"), "web-1"));
        assertEquals(1, refused.code());
        assertTrue(refused.out().toLowerCase().contains("no space left"), refused.out());
        assertGone();
        free();
        add(Call.pod("c1", host.pod("c"), "web-1"));
    }

    @Test
    void where_only_the_journal_cannot_be_written_an_add_is_to_be_tried_again_and_leaves_nothing() throws Exception {
        Path folder = host.paths().endpointJournal();
        mount("mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", folder.toString());
        try {
            NativeClient.Outcome refused = host.call("ADD", Call.pod("c1", host.pod("a"), "web-1"));
            assertEquals(1, refused.code());
            JsonNode error = TestHost.JSON.readTree(refused.out());
            assertEquals(11, error.path("code").asInt(), refused.out());
            assertEquals("eth0 of c1 cannot be attached: this node's disk does not take the note of it", error.path("msg").asText());
            assertTrue(error.path("details").asText().contains("No space left"), refused.out());
            assertGone();
            assertEquals(Map.of(), host.etcd());
        } finally {
            mount("umount", folder.toString());
        }
        add(Call.pod("c1", host.pod("b"), "web-1"));
        assertEquals(List.of("c1,eth0.endpoint"), host.journal());
    }

    @Test
    void what_a_pod_leaves_in_etcd_outlives_an_agent_that_can_neither_reach_it_nor_write_it_down() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        Map<String, String> before = host.etcd();
        assertEquals(1, endpoints(before));
        host.order("etcd", "available", false);
        fill();
        delete(call);
        host.killAgent();
        free();
        host.startAgentWith(before);
        awaitNoEndpoint();
    }

    @Test
    void a_pod_is_removed_without_an_agent() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        Map<String, String> before = host.etcd();
        host.killAgent();
        fill();
        delete(call);
        free();
        host.startAgentWith(before);
        awaitNoEndpoint();
    }

    private static void add(Call call) {
        NativeClient.Outcome outcome = host.call("ADD", call);
        assertEquals(0, outcome.code(), outcome::toString);
    }

    private static void delete(Call call) throws IOException {
        NativeClient.Outcome outcome = host.call("DEL", call);
        assertEquals(0, outcome.code(), outcome::toString);
        assertGone();
    }

    private static void assertGone() throws IOException {
        String links = host.ip("-br", "link");
        assertTrue(!links.contains("cali"), links);
        assertEquals("", host.ip("route"));
        assertEquals(List.of(), host.reservations("k8s-pod-network"));
    }

    /** The agent looks through its journal after its start, on a thread of its own. */
    private static void awaitNoEndpoint() throws Exception {
        for (int i = 0; i < 1_200 && endpoints(host.etcd()) > 0; i++) {
            Thread.sleep(50);
        }
        assertEquals(0, endpoints(host.etcd()));
    }

    private static long endpoints(Map<String, String> etcd) {
        return etcd.keySet().stream().filter(key -> key.contains("/workloadendpoints/")).count();
    }

    private static void fill() throws IOException {
        try (OutputStream out = Files.newOutputStream(disk.resolve("filling"))) {
            byte[] page = new byte[4096];
            for (int i = 0; i < 1 << 20; i++) {
                out.write(page);
            }
        } catch (IOException full) {
            assertTrue(full.getMessage().contains("No space left"), full::toString);
            return;
        }
        throw new AssertionError("the disk does not fill");
    }

    private static void free() throws IOException {
        Files.deleteIfExists(disk.resolve("filling"));
    }

    private static void mount(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
    }
}
