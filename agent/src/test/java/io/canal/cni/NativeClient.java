package io.canal.cni;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The CNI plugin as the build made it, run as a runtime runs it. */
final class NativeClient {

    private final Path socket;
    private final Path program;

    private final List<String> prefix;

    NativeClient(Path socket, Path program) {
        this(socket, program, List.of());
    }

    /** @param prefix a command that runs the rest of its line, such as nsenter */
    NativeClient(Path socket, Path program, List<String> prefix) {
        this.socket = socket;
        this.program = program;
        this.prefix = prefix;
    }

    record Outcome(int code, String out, String err, long millis) {}

    static Path binary() {
        Path binary = Path.of("target/native/calico").toAbsolutePath();
        if (!Files.isExecutable(binary)) {
            throw new AssertionError(binary + " is missing; the build's compile phase makes it");
        }
        return binary;
    }

    Outcome run(Map<String, String> environment, String stdin, String... arguments) {
        return run(environment, stdin.getBytes(StandardCharsets.UTF_8), arguments);
    }

    Outcome run(Map<String, String> environment, byte[] stdin, String... arguments) {
        long start = System.nanoTime();
        try {
            Process process = start(environment, arguments);
            Thread feeder = Thread.startVirtualThread(() -> {
                try (var to = process.getOutputStream()) {
                    to.write(stdin);
                } catch (IOException readNoFurther) {
                    // The plugin may end without reading its input.
                }
            });
            var err = new StringBuilder();
            Thread errors = Thread.startVirtualThread(() -> {
                try {
                    err.append(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("the plugin did not end");
            }
            errors.join();
            feeder.join();
            return new Outcome(process.exitValue(), out, err.toString(), (System.nanoTime() - start) / 1_000_000);
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    Process start(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(binary().toString());
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(new HashMap<>(environment));
        builder.environment().putIfAbsent("PATH", "/usr/bin:/bin");
        builder.environment().put("CANAL_CNI_SOCKET", socket.toString());
        builder.environment().put("CANAL_PROGRAM", program.toString());
        return builder.start();
    }
}
