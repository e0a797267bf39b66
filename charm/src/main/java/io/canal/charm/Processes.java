package io.canal.charm;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** systemctl and the agent's program as processes of this machine. */
final class Processes implements Systemd, AgentProcess {

    /** A hook holds the lock of its machine. */
    private static final Duration LEAVE_WITHIN = Duration.ofSeconds(20);

    private final Duration leaveWithin;

    Processes() {
        this(LEAVE_WITHIN);
    }

    Processes(Duration leaveWithin) {
        this.leaveWithin = leaveWithin;
    }

    @Override
    public boolean control(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("systemctl"));
        command.addAll(arguments);
        try {
            return new ProcessBuilder(command)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.INHERIT)
                    .start()
                    .waitFor() == 0;
        } catch (IOException missing) {
            System.err.println("systemctl cannot be run: " + missing.getMessage());
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public Optional<Path> runningFrom() throws IOException {
        String pid = output(List.of("systemctl", "show", "--property=MainPID", "--value", NodeSetup.UNIT)).strip();
        if (!pid.matches("[1-9][0-9]*")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc", pid, "cwd")));
        } catch (IOException goneMeanwhile) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<String> leave(Path home) throws IOException {
        // Into a file: to read a pipe would wait for as long as anybody holds its other end.
        Path printed = Files.createTempFile("canal-leave", ".log");
        try {
            Process process = new ProcessBuilder(home.resolve("runtime/bin/java").toString(), "@java.args", "-Dcanal.home=" + home,
                    "io.canal.agent.Main", "--leave")
                    .directory(home.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(printed.toFile())
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(leaveWithin.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                return Optional.of("did not end within " + leaveWithin.toSeconds() + " s");
            }
            return process.exitValue() == 0 ? Optional.empty() : Optional.of(Files.readString(printed).strip());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.of("was interrupted");
        } finally {
            Files.deleteIfExists(printed);
        }
    }

    private static String output(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectError(Redirect.DISCARD).start();
        process.getOutputStream().close();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
