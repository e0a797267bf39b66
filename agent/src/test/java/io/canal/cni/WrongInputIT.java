package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.cni.RecordedCall;
import io.canal.reconcile.testing.Chance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Wrong inputs, from the plugin's executable to the kernel: those that were recorded with the real Calico, and random ones. The
 * answer is well formed and in time, and nothing is left behind.
 */
@Tag("long")
final class WrongInputIT {

    /** The plugin's own deadline is 8 s. */
    private static final long DEADLINE = 8_500;

    /**
     * What we say where upstream fails: an error's code, or 0 where there is nothing wrong for us. Where upstream is content we must
     * be, too; CHECK without a previous result is the exception, where the specification wants an error.
     */
    private static final Map<String, Integer> OURS = Map.ofEntries(
            Map.entry("unknown command", 4),
            Map.entry("no container ID", 4),
            Map.entry("no netns, ifname, path", 4),
            Map.entry("container ID with a slash", 4),
            Map.entry("ifname too long", 4),
            Map.entry("ifname with slash", 4),
            Map.entry("netns does not exist", 4),
            Map.entry("netns is the host", 8),
            Map.entry("stdin empty", 6),
            Map.entry("stdin not JSON", 6),
            Map.entry("cniVersion 9.9.9", 1),
            Map.entry("network name with space", 7),
            Map.entry("no name", 7),
            Map.entry("no ipam", 7),
            Map.entry("ipam type unknown", 7),
            Map.entry("ipam subnet bad", 7),
            // The lease's gateway is written in it, as the old charm did.
            Map.entry("ipam subnet with host bits", 0),
            Map.entry("ipam exhausted (/30 with its only address held)", 11),
            Map.entry("datastore_type unknown", 7),
            Map.entry("mtu string", 7),
            Map.entry("CNI_ARGS malformed", 4),
            Map.entry("CHECK on 0.3.1", 1),
            Map.entry("CHECK, no prevResult", 7),
            // The agent has its own configuration, and knows MTU and nodename.
            Map.entry("etcd CA file missing", 0),
            Map.entry("kubeconfig missing", 0),
            Map.entry("require_mtu_file", 0),
            Map.entry("nodename and its file absent, ADD", 0),
            Map.entry("nodename and its file absent, DEL", 0),
            // Neither waits for Kubernetes or Calico's database.
            Map.entry("API server down", 0),
            Map.entry("pod not in API", 0),
            Map.entry("namespace not in API", 0),
            Map.entry("hwAddr bad", 0),
            Map.entry("allowedSourcePrefixes bad", 0),
            Map.entry("datastoreReady false, ADD", 0),
            Map.entry("datastoreReady false, DEL", 0),
            Map.entry("ClusterInformation absent, ADD", 0),
            Map.entry("ClusterInformation absent, DEL", 0));

    @TempDir
    static Path root;

    private static TestHost host;
    private static NetworkNamespace pod;

    @BeforeAll
    static void start() throws Exception {
        host = new TestHost(root);
        pod = host.pod("e");
    }

    @AfterAll
    static void stop() {
        host.close();
    }

    @AfterEach
    void reset() throws Exception {
        host.reset();
    }

    @Test
    void what_upstream_was_given_is_answered_no_worse() throws Exception {
        for (RecordedCall call : RecordedCall.wrong()) {
            host.order("lease", "subnets", call.stdin().contains("10.1.94.") ? "10.1.94.0/24"
                    : call.stdin().contains("10.99.0.") ? "10.99.0.0/30" : "10.244.1.0/24");
            Map<String, String> environment = here(call.environment());
            var outcome = host.call(environment, call.stdin());
            String said = call.title() + ": " + outcome;
            if (call.exit() == 0 && !OURS.containsKey(call.title())) {
                assertEquals(0, outcome.code(), said);
            } else {
                assertEquals(OURS.get(call.title()), code(outcome), said);
            }
            assertWellFormed(environment, outcome, said);
            if (outcome.code() == 0) {
                environment.put("CNI_COMMAND", "DEL");
                assertEquals(0, host.call(environment, call.stdin()).code(), said);
            }
            assertNothingLeft(said);
        }
    }

    @Test
    void random_inputs_are_answered_in_form_and_in_time_and_leave_nothing() throws Exception {
        long seed = Chance.seed();
        Random random = new Random(seed);
        List<RecordedCall> calls = new ArrayList<>(RecordedCall.ordinary());
        calls.addAll(RecordedCall.wrong());
        host.order("lease", "subnets", "10.244.1.0/24");
        int attached = 0;
        for (int i = 0; i < 150; i++) {
            RecordedCall call = calls.get(random.nextInt(calls.size()));
            Map<String, String> environment = here(call.environment());
            String stdin = call.stdin();
            for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
                if (random.nextInt(3) == 0) {
                    InputMutations.change(environment, random);
                } else {
                    stdin = InputMutations.change(stdin, random);
                }
            }
            String said = "seed " + seed + ", " + i + ", " + call.title() + ", " + environment + ", " + stdin;
            var outcome = host.call(environment, stdin);
            assertWellFormed(environment, outcome, said + ": " + outcome);
            if ("ADD".equals(environment.get("CNI_COMMAND")) && outcome.code() == 0) {
                attached++;
                environment.put("CNI_COMMAND", "DEL");
                var removal = host.call(environment, stdin);
                assertEquals(0, removal.code(), said + ": " + removal);
            }
            assertNothingLeft(said + ": " + outcome);
        }
        assertTrue(attached > 0, "seed " + seed + " attached nothing, so it proves little");
    }

    /** The recorded paths, for our namespaces. */
    private static Map<String, String> here(Map<String, String> recorded) {
        Map<String, String> environment = new HashMap<>(recorded);
        environment.computeIfPresent("CNI_NETNS", (name, path) -> path.startsWith("/var/run/netns/cni-") ? pod.path().toString() : path);
        return environment;
    }

    private static int code(NativeClient.Outcome outcome) throws IOException {
        return outcome.code() == 0 ? 0 : TestHost.JSON.readTree(outcome.out()).path("code").asInt(-1);
    }

    private static void assertWellFormed(Map<String, String> environment, NativeClient.Outcome outcome, String said) throws IOException {
        assertTrue(outcome.millis() < DEADLINE, said);
        if (outcome.code() == 0) {
            switch (environment.getOrDefault("CNI_COMMAND", "")) {
                case "ADD" -> assertFalse(json(outcome, said).path("cniVersion").asText().isEmpty(), said);
                case "VERSION" -> assertTrue(json(outcome, said).path("supportedVersions").isArray(), said);
                default -> assertEquals("", outcome.out(), said);
            }
        } else {
            assertEquals(1, outcome.code(), said);
            assertTrue(json(outcome, said).path("code").asInt() > 0 && !json(outcome, said).path("msg").asText().isEmpty(), said);
            assertFalse(outcome.out().contains("defect"), said);
        }
    }

    private static JsonNode json(NativeClient.Outcome outcome, String said) {
        try {
            return Objects.requireNonNull(TestHost.JSON.readTree(outcome.out().getBytes(StandardCharsets.UTF_8)));
        } catch (IOException notJson) {
            throw new AssertionError(said, notJson);
        }
    }

    private static void assertNothingLeft(String said) throws Exception {
        assertFalse(host.ip("link").contains("cali"), said);
        assertEquals("", host.ip("route"), said);
        assertEquals(List.of(), host.journal(), said);
        assertEquals("", TestNamespaces.ip(pod, "route"), said);
        try (var files = Files.walk(host.paths().hostLocalDir())) {
            assertEquals(List.of(), files.filter(Files::isRegularFile).map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("lock") && !name.startsWith("last_reserved_ip")).toList(), said);
        }
    }
}
