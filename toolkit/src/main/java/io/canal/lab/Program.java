package io.canal.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A program to run, as an argument array. Immutable: each step makes a new one. */
public record Program(List<String> argv, byte[] stdin, Map<String, String> environment, boolean clean, Duration deadline) {

    private static final Duration USUAL = Duration.ofMinutes(1);

    public Program {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
    }

    public static Program of(String... argv) {
        return of(List.of(argv));
    }

    public static Program of(List<String> argv) {
        return new Program(argv, new byte[0], Map.of(), false, USUAL);
    }

    /** This program with more arguments. */
    public Program with(String... more) {
        return with(List.of(more));
    }

    /** This program with more arguments. */
    public Program with(List<String> more) {
        List<String> longer = new ArrayList<>(argv);
        longer.addAll(more);
        return new Program(longer, stdin, environment, clean, deadline);
    }

    public Program stdin(String text) {
        return new Program(argv, text.getBytes(StandardCharsets.UTF_8), environment, clean, deadline);
    }

    /** This program with one more variable. */
    public Program env(String name, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(name, value);
        return new Program(argv, stdin, more, clean, deadline);
    }

    /** This program without the variables of our own process. */
    public Program cleanEnvironment() {
        return new Program(argv, stdin, environment, true, deadline);
    }

    public Program within(Duration longest) {
        return new Program(argv, stdin, environment, clean, longest);
    }

    /** What came of it. */
    public record Outcome(int code, String out, String err) {

        public boolean succeeded() {
            return code == 0;
        }

        /** What it wrote, the complaints first, on one line. */
        public String said() {
            String text = (err + " " + out).strip();
            return text.isEmpty() ? "exit code " + code : text.replaceAll("\\s*\\n\\s*", "; ");
        }
    }

    /** Runs it to its end, whatever that is. */
    public Outcome run() {
        try {
            Process process = builder().start();
            CompletableFuture<String> out = drained(process.getInputStream());
            CompletableFuture<String> err = drained(process.getErrorStream());
            feed(process);
            if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new LabException(this + " did not end within " + deadline.toSeconds() + " s.");
            }
            return new Outcome(process.exitValue(), out.get(), err.get());
        } catch (IOException cannotStart) {
            throw new LabException(argv.getFirst() + " cannot be run: " + cannotStart.getMessage(), cannotStart);
        } catch (ExecutionException unread) {
            throw new LabException(this + ": its output cannot be read: " + unread.getMessage(), unread);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LabException(this + " was interrupted.", interrupted);
        }
    }

    /** Runs it; a failure is an exception. Returns what it wrote. */
    public String must() {
        Outcome outcome = run();
        if (!outcome.succeeded()) {
            throw new LabException(this + " failed: " + outcome.said());
        }
        return outcome.out();
    }

    /** Runs it with our own standard input and output; returns its exit code. No deadline. */
    public int attached() {
        try {
            return builder().inheritIO().start().waitFor();
        } catch (IOException cannotStart) {
            throw new LabException(argv.getFirst() + " cannot be run: " + cannotStart.getMessage(), cannotStart);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LabException(this + " was interrupted.", interrupted);
        }
    }

    @Override
    public String toString() {
        return String.join(" ", argv);
    }

    private ProcessBuilder builder() {
        ProcessBuilder builder = new ProcessBuilder(argv);
        if (clean) {
            builder.environment().clear();
        }
        builder.environment().putAll(environment);
        return builder;
    }

    private void feed(Process process) {
        try (OutputStream to = process.getOutputStream()) {
            to.write(stdin);
        } catch (IOException notRead) {
            // A program may end without reading what it was given; its exit code tells.
        }
    }

    private static CompletableFuture<String> drained(InputStream from) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (from) {
                text.complete(new String(from.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException broken) {
                text.completeExceptionally(broken);
            }
        });
        return text;
    }
}
