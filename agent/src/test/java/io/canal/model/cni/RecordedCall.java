package io.canal.model.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** One recorded call of the real plugin. */
public record RecordedCall(String title, Map<String, String> environment, String stdin, int exit, String stdout) {

    /** What operators do. */
    public static List<RecordedCall> ordinary() {
        try (InputStream in = new GZIPInputStream(resource("/upstream/cni/calico-cni.txt.gz"))) {
            return read(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Wrong inputs. */
    public static List<RecordedCall> wrong() {
        try (InputStream in = resource("/upstream/cni/calico-cni-errors.txt")) {
            return read(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public static RecordedCall titled(List<RecordedCall> calls, String title) {
        return calls.stream().filter(call -> call.title.equals(title)).findFirst().orElseThrow(() -> new AssertionError(title));
    }

    @Override
    public String toString() {
        return title;
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(RecordedCall.class.getResourceAsStream(name), name);
    }

    private static List<RecordedCall> read(String text) {
        List<RecordedCall> calls = new ArrayList<>();
        String[] sections = text.split("(?m)^##### ");
        for (String section : sections) {
            String[] lines = section.split("\n");
            Map<String, String> environment = null;
            String stdin = "";
            int exit = -1;
            StringBuilder stdout = new StringBuilder();
            boolean inStdout = false;
            for (String line : lines) {
                if (line.startsWith("env: ")) {
                    environment = environment(line.substring(5));
                } else if (line.startsWith("stdin: ") && exit < 0) {
                    stdin = line.substring(7);
                } else if (line.startsWith("exit: ")) {
                    exit = Integer.parseInt(line.substring(6));
                } else if (line.equals("stdout:")) {
                    inStdout = true;
                } else if (line.startsWith("\u23ce") || line.startsWith("stderr") || line.startsWith("host$") || line.startsWith("--") || line.startsWith("key   ")
                        || inStdout && line.isEmpty() && stdout.toString().endsWith("}\n")) {
                    inStdout = false;
                } else if (inStdout) {
                    stdout.append(line).append('\n');
                }
            }
            if (environment != null && exit >= 0) {
                calls.add(new RecordedCall(lines[0], environment, stdin, exit, stdout.toString().strip()));
            }
        }
        return calls;
    }

    private static Map<String, String> environment(String json) {
        try {
            Map<String, String> environment = new LinkedHashMap<>();
            new ObjectMapper().readTree(json).properties().forEach(entry -> environment.put(entry.getKey(), entry.getValue().asText()));
            return environment;
        } catch (JsonProcessingException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
