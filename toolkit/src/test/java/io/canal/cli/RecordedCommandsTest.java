package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.cli.Console.Said;
import io.canal.controller.Model;
import io.canal.controller.ModelLogs;
import io.canal.controller.TaskDocument;
import io.canal.controller.TaskResult;
import io.canal.controller.Watcher;
import io.canal.controller.charm.ActionSpec;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.testing.RecordedCalls;
import io.canal.controller.testing.ShellCharm;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;
import io.canal.controller.text.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Our commands say what Juju's client said, in the same words and documents. */
final class RecordedCommandsTest {

    @TempDir
    Path temp;

    private Path folder;
    private Charm charm;

    @BeforeEach
    void model() throws Exception {
        folder = temp.resolve("model");
        ShellCharm canal = ShellCharm.make(temp, "canalish", """
                subordinate: true
                requires:
                  cni: {interface: kubernetes-cni, scope: container}
                """, "true\n").file("config.yaml", """
                options:
                  cidr: {type: string, default: 10.1.0.0/16, description: pod network}
                  fail-on: {type: string, default: "", description: fail in this hook}
                  iface: {type: string, default: "", description: interface}
                  ignore-loose-rpf: {type: boolean, default: false, description: b}
                  mtu: {type: int, default: 0, description: mtu}
                  nodefault: {type: string, description: none}
                """).file("actions.yaml", """
                bad: {description: exits 3}
                good:
                  description: succeeds
                  params:
                    text: {type: string, default: dflt, description: t}
                    count: {type: integer, minimum: 1, maximum: 5}
                    on-it: {type: boolean, default: false}
                need:
                  description: needs x
                  params:
                    x: {type: string}
                  required: [x]
                """);
        try (Model model = Model.open(folder, "model", Watcher.NONE)) {
            charm = model.charm(canal.folder());
            model.deploy("canal", charm, Map.of(), List.of());
        }
    }

    private Said canal(String command, List<String> words) {
        List<String> args = new ArrayList<>(List.of(command, "--model", folder.toString()));
        args.addAll(words);
        return Console.run(args.toArray(String[]::new));
    }

    @TestFactory
    Stream<DynamicTest> config_in_the_recorded_order() throws Exception {
        // Files of options are not implemented in Juju 4.0 either, which says so; ours has no such flag.
        return Transcript.read("16-config.txt").stream()
                .filter(recorded -> !recorded.argv().contains("--file"))
                .map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> {
                    Said said = canal("config", recorded.argv().subList(1, recorded.argv().size()));
                    assertEquals(recorded.stdout(), said.stdout());
                    assertEquals(recorded.stderr(), said.stderr());
                    assertEquals(recorded.code(), said.code());
                }));
    }

    @Test
    void the_document_of_options() throws Exception {
        assertEquals(RecordedCalls.resource("cli/config.json").strip(), canal("config", List.of("canal", "--format", "json")).stdout().strip());
    }

    @TestFactory
    Stream<DynamicTest> parameters_of_actions() throws Exception {
        return Transcript.read("12-run-params.txt").stream()
                .filter(recorded -> !recorded.argv().contains("--params"))
                .map(recorded -> DynamicTest.dynamicTest(recorded.toString(), () -> {
                    List<String> words = new ArrayList<>(recorded.argv().subList(3, recorded.argv().size()));
                    boolean literal = words.remove("--string-args");
                    String name = recorded.argv().get(2);
                    String said;
                    try {
                        charm.actions().get(name).complete(ActionArguments.parse(Trees.object(), words, literal));
                        said = "";
                    } catch (CharmException e) {
                        said = "cannot run \"" + name + "\" action: " + e.getMessage();
                    } catch (UsageException e) {
                        assertEquals(2, recorded.code());
                        said = e.getMessage();
                    }
                    String all = recorded.stdout() + recorded.stderr();
                    assertTrue(!said.isEmpty() && all.contains(said + "\n"), () -> all);
                }));
    }

    private static TaskResult task(String file) throws Exception {
        JsonNode document = Trees.json(RecordedCalls.resource("cli/" + file)).elements().next();
        List<String> log = new ArrayList<>();
        document.path("log").forEach(line -> log.add(line.asText()));
        return new TaskResult(document.path("id").asText(), document.path("unit").asText(), "", document.path("status").asText(),
                document.path("message").asText(), (ObjectNode) document.path("results"), log,
                time(document.path("timing").path("enqueued")), Optional.of(time(document.path("timing").path("started"))), Optional.empty());
    }

    private static Instant time(JsonNode text) {
        return LocalDateTime.parse(text.asText().replace(" +0000 UTC", "").replace(' ', 'T')).toInstant(ZoneOffset.UTC);
    }

    private static Transcript recorded(String file, String... argv) throws Exception {
        return Transcript.read(file).stream().filter(one -> one.argv().equals(List.of(argv))).findFirst().orElseThrow();
    }

    @Test
    void results_of_actions() throws Exception {
        assertEquals(recorded("11-run-ok.txt", "run", "canal/0", "good").stdout(), TaskReport.plain(task("run-ok.json")));
        assertEquals(recorded("13-run-fail.txt", "run", "canal/0", "bad").stdout().replace("id 32", "id 42"), TaskReport.plain(task("run-bad.json")));
        assertEquals(recorded("13-run-fail.txt", "run", "canal/0", "failed").stdout().replace("id 36", "id 44"), TaskReport.plain(task("run-failed.json")));
    }

    @Test
    void documents_of_actions() throws Exception {
        for (String file : List.of("run-ok.json", "run-bad.json", "run-failed.json")) {
            ObjectNode document = Trees.object();
            document.set("canal/0", TaskDocument.of(task(file)));
            assertEquals(RecordedCalls.resource("cli/" + file).strip(), GoJson.line(document));
        }
        ObjectNode failed = Trees.object();
        failed.set("canal/0", TaskDocument.of(task("run-failed.json")));
        String yaml = recorded("13-run-fail.txt", "run", "canal/0", "failed", "--format", "yaml").stdout();
        assertEquals(yaml.lines().filter(line -> !line.contains("id:") && !line.contains("ed: 20")).toList(),
                GoYaml.document(failed).lines().filter(line -> !line.contains("id:") && !line.contains("ed: 20")).toList());
    }

    @Test
    void the_log_of_hooks() throws Exception {
        StringBuilder log = new StringBuilder();
        for (String line : recorded("18-log.txt", "debug-log", "--replay", "--include", "unit-canal-0", "--limit", "40", "--no-tail").stdout().lines().toList()) {
            log.append(line.replaceFirst(": ", ": 2026-11-25 ")).append('\n');
            log.append("unit-canal-1: 2026-11-25 15:41:50 INFO juju of another unit\n");
            log.append("unit-canal-0: 2026-11-25 15:41:50 DEBUG unit.canal/0.start what a hook printed\n");
        }
        Files.writeString(ModelLogs.logFile(folder), log.append("half a li"));
        Transcript all = recorded("18-log.txt", "debug-log", "--replay", "--include", "unit-canal-0", "--limit", "40", "--no-tail");
        assertEquals(all.stdout(), canal("debug-log", all.argv().subList(1, all.argv().size())).stdout());
        Said warnings = canal("debug-log", List.of("--no-tail", "--replay", "--include", "canal/0", "--level", "warning"));
        assertEquals(all.stdout().lines().filter(line -> line.contains(" WARNING ")).toList(), warnings.stdout().lines().toList());
        assertEquals(10, canal("debug-log", List.of("--no-tail")).stdout().lines().count());
        assertEquals(2, canal("debug-log", List.of("--no-tail", "--level", "loud")).code());
    }

    @Test
    void the_log_of_statuses() throws Exception {
        Transcript unit = recorded("17-show.txt", "show-status-log", "canal/0", "--type", "unit", "--days", "1");
        DateTimeFormatter form = DateTimeFormatter.ofPattern("dd MMM yyyy HH:mm:ss'Z'", Locale.ENGLISH);
        List<ModelLogs.StatusChange> changes = unit.stdout().lines().skip(1)
                .map(line -> new ModelLogs.StatusChange(LocalDateTime.parse(line.substring(0, 21), form).toInstant(ZoneOffset.UTC), "canal/0",
                        line.substring(23, 32).strip(), line.substring(34, 45).strip(), line.substring(47).strip()))
                .toList();
        assertEquals(unit.stdout(), StatusLogCommand.table(changes));
    }

    @Test
    void an_application_is_removed_by_name() throws Exception {
        Said said = canal("remove-application", List.of("canal", "--no-prompt"));
        assertEquals("will remove application canal\n", said.stdout());
        assertEquals(0, said.code());
        assertEquals("ERROR application \"canal\" not found\n", canal("remove-application", List.of("canal")).stderr());
    }

    @Test
    void every_action_has_the_recorded_schema() {
        ActionSpec need = charm.actions().get("need");
        assertEquals("{\"description\":\"needs x\",\"type\":\"object\",\"title\":\"need\",\"properties\":{\"x\":{\"type\":\"string\"}},"
                + "\"required\":[\"x\"],\"additionalProperties\":false}", GoJson.line(need.schema()));
    }
}
