package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.ctl.Workstation.Said;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Ours says what calicoctl said, byte for byte but for identities, times and revisions. */
class RecordedCalicoctlTest {

    private static final Path INPUTS = Path.of("src/test/resources/calicoctl/inputs");

    /** Commands of calicoctl that canal does not have: what they are for is flannel's and the charm's business here. */
    private static final Set<String> NOT_OURS = Set.of("ipam", "datastore", "node");

    @TempDir
    Path root;

    private Workstation workstation;

    @BeforeEach
    void workstation() {
        workstation = new Workstation(root, INPUTS);
    }

    private static String normal(String text) {
        return text.replaceAll("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID")
                .replaceAll("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ", "TIME")
                .replaceAll("resourceVersion(\"?): \"\\d+\"", "resourceVersion$1: N")
                .replaceAll("\\b[0-9a-f]{32}\\b", "GUID")
                .replaceAll("0x[0-9a-f]+", "0xPOINTER")
                // Go's print of a whole policy.
                .replaceAll("&\\{\\{NetworkPolicy projectcalico.org/v3} \\{(\\S+) .*}}", "$1");
    }

    private void same(Recording recorded, Said said) {
        assertEquals(normal(recorded.stdout()), normal(said.stdout()));
        assertEquals(normal(recorded.stderr()), normal(said.stderr()));
        assertEquals(recorded.code(), said.code());
    }

    private Said run(Recording recorded) {
        return workstation.run(recorded.input(), recorded.words());
    }

    private void createAll() throws Exception {
        for (Recording recorded : Recording.read("create-apply.txt")) {
            if (recorded.command().startsWith("create ")) {
                run(recorded);
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> create_and_apply() throws Exception {
        return Recording.read("create-apply.txt").stream().map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> same(recorded, run(recorded))));
    }

    @Test
    void etcd_holds_the_same_bytes() throws Exception {
        createAll();
        Map<String, String> expected = new TreeMap<>();
        Decoded<JsonNode> recorded = Json.value("etcd-all-kinds.json", Recording.text("etcd-all-kinds.json"));
        if (recorded instanceof Decoded.Good<JsonNode>(JsonNode list)) {
            list.forEach(entry -> expected.put(entry.path("key").asText(), normal(entry.path("value").asText())));
        }
        Map<String, String> found = new TreeMap<>();
        workstation.store.list("/calico/").entries().forEach(entry -> found.put(entry.key(), normal(entry.value())));
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((key, value) -> assertEquals(value, found.get(key), key));
    }

    @TestFactory
    Stream<DynamicTest> get() throws Exception {
        createAll();
        // Where calicoctl panics, ours is only to answer.
        return Recording.read("get.txt.gz").stream().map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> {
            if (recorded.code() == 2) {
                assertEquals(0, run(recorded).code());
            } else {
                same(recorded, run(recorded));
            }
        }));
    }

    @TestFactory
    Stream<DynamicTest> other_commands() throws Exception {
        createAll();
        return Recording.read("verbs.txt").stream()
                .filter(recorded -> !NOT_OURS.contains(recorded.words().getFirst()))
                .filter(recorded -> !recorded.command().equals("get clusterinformation -o yaml"))
                .map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> same(recorded, withInput(recorded))));
    }

    /** The recording shows standard input behind the command. */
    private Said withInput(Recording recorded) {
        String note = recorded.note();
        return note.startsWith("<<'") ? workstation.run(note.substring(3, note.length() - 1).replace("\\n", "\n"), recorded.words()) : run(recorded);
    }

    /** What is different, and why; docs/differences.md has them. */
    private static final Map<String, String> DIFFERENT = Map.of(
            "frobnicate", "the usage lists the commands that are here",
            "apply -f .  -R", "was called in another folder",
            "get nodes -c bad.cfg", "tested with its file in SettingsTest");

    @TestFactory
    Stream<DynamicTest> wrong_inputs() throws Exception {
        createAll();
        return Recording.read("errors.txt").stream()
                .filter(recorded -> !DIFFERENT.containsKey(recorded.command()) && !recorded.note().contains("ETCD_") && !recorded.note().contains("calicoVersion"))
                .map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> {
                    Map<String, String> before = Map.copyOf(workstation.environment);
                    if (recorded.note().contains("DATASTORE_TYPE")) {
                        workstation.environment.put("DATASTORE_TYPE", "foo");
                    }
                    try {
                        same(recorded, run(recorded));
                    } finally {
                        workstation.environment.putAll(before);
                    }
                }));
    }
}
