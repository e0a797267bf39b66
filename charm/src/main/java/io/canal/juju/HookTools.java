package io.canal.juju;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.Problem;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Juju's hook tools, found on the PATH that Juju gives a hook.
 *
 * <p>Values are always asked for as JSON: Juju's YAML leaves the string {@code 1e3} unquoted, and its plain output adds a line end
 * to a PEM text. What is published goes through standard input, since one argument may not be longer than 128 KiB.
 */
public final class HookTools implements Juju {

    private static final String AS_JSON = "--format=json";

    /** Bytes of the arguments of one process, well below the 128 KiB that Linux always takes, with the environment. */
    private static final int MOST_ARGUMENTS = 96 << 10;

    private final Optional<Path> folder;

    /** The tools on the PATH. */
    public HookTools() {
        this.folder = Optional.empty();
    }

    /** The tools in one folder. */
    public HookTools(Path folder) {
        this.folder = Optional.of(folder);
    }

    @Override
    public JsonNode config() {
        return json("config-get", "--all", AS_JSON);
    }

    @Override
    public boolean isLeader() {
        return json("is-leader", AS_JSON).asBoolean();
    }

    @Override
    public List<String> relationIds(String endpoint) {
        return strings(json("relation-ids", endpoint, AS_JSON));
    }

    @Override
    public List<String> relationUnits(String relation) {
        return strings(json("relation-list", "-r", relation, AS_JSON));
    }

    @Override
    public Map<String, String> relationData(String relation, String unit) {
        return texts(json("relation-get", "-r", relation, AS_JSON, "-", unit));
    }

    @Override
    public void publish(String relation, Map<String, String> values) {
        run(List.of("relation-set", "-r", relation, "--file", "-"), document(values));
    }

    @Override
    public Map<String, String> applicationData(String relation, String unit) {
        return texts(json("relation-get", "-r", relation, "--app", AS_JSON, "-", unit));
    }

    @Override
    public void publishForApplication(String relation, Map<String, String> values) {
        run(List.of("relation-set", "-r", relation, "--app", "--file", "-"), document(values));
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> values = new TreeMap<>();
        object.properties().forEach(value -> values.put(value.getKey(), value.getValue().asText()));
        return values;
    }

    /** Every JSON document is a YAML document. */
    private static String document(Map<String, String> values) {
        ObjectNode document = Json.object();
        values.forEach(document::put);
        return Json.compact(document);
    }

    @Override
    public Optional<JsonNode> network(String endpoint) {
        Output output = call(List.of("network-get", endpoint, AS_JSON), "");
        return output.code == 0 ? Optional.of(parsed("network-get", output.out)) : Optional.empty();
    }

    @Override
    public void status(Status status) {
        run(List.of("status-set", status.kind().word(), "--", status.message()), "");
    }

    @Override
    public void workloadVersion(String version) {
        run(List.of("application-version-set", "--", version), "");
    }

    @Override
    public void log(LogLevel level, String message) {
        run(List.of("juju-log", "--log-level", level.name(), "--", message), "");
    }

    @Override
    public JsonNode actionParameters() {
        return json("action-get", AS_JSON);
    }

    @Override
    public void actionResults(Map<String, String> results) {
        // Of one call the kernel takes so much only; what several calls set adds up.
        List<String> command = new ArrayList<>(List.of("action-set"));
        int bytes = 0;
        for (Map.Entry<String, String> result : results.entrySet()) {
            String word = result.getKey() + "=" + result.getValue();
            int more = word.getBytes(StandardCharsets.UTF_8).length + 1;
            if (command.size() > 1 && bytes + more > MOST_ARGUMENTS) {
                run(command, "");
                command.subList(1, command.size()).clear();
                bytes = 0;
            }
            command.add(word);
            bytes += more;
        }
        if (command.size() > 1) {
            run(command, "");
        }
    }

    @Override
    public void actionFailed(String message) {
        run(List.of("action-fail", "--", message), "");
    }

    private record Output(int code, String out, String error) {}

    private JsonNode json(String... command) {
        return parsed(command[0], run(List.of(command), ""));
    }

    private static JsonNode parsed(String tool, String text) {
        return switch (Json.value("the answer of " + tool, text)) {
            case Decoded.Good<JsonNode>(JsonNode value) -> value;
            case Decoded.Bad<JsonNode>(Problem problem) -> throw new JujuRefused(problem.sentence());
        };
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        array.forEach(element -> strings.add(element.asText()));
        return strings;
    }

    private String run(List<String> command, String input) {
        Output output = call(command, input);
        if (output.code != 0) {
            String words = output.error.strip();
            throw new JujuRefused(command.getFirst() + " failed with " + output.code + (words.isEmpty() ? "" : ": " + words));
        }
        return output.out;
    }

    private Output call(List<String> command, String input) {
        try {
            List<String> found = new ArrayList<>(command);
            folder.ifPresent(tools -> found.set(0, tools.resolve(command.getFirst()).toString()));
            Process process = new ProcessBuilder(found).start();
            // The tools say nothing before they have read all of their input, so one after the other is safe.
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException refusedBeforeReading) {
                // Its exit code and its words say why.
            }
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String error = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.waitFor(), out, error);
        } catch (IOException missing) {
            throw new JujuRefused(command.getFirst() + " cannot be run: " + missing.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new JujuRefused(command.getFirst() + " was interrupted");
        }
    }
}
