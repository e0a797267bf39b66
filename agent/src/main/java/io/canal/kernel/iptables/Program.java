package io.canal.kernel.iptables;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** One run of a program. */
final class Program {

    private Program() {}

    /** What the program printed on stdout. */
    static String run(List<String> command, String stdin, Duration deadline) throws IptablesException {
        return run(command, stdin, deadline, _ -> { });
    }

    /** @param started is told the process before it gets its input */
    static String run(List<String> command, String stdin, Duration deadline, LongConsumer started) throws IptablesException {
        String name = command.getFirst();
        Process process;
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            // Messages are parsed by people and compared by tests.
            builder.environment().put("LC_ALL", "C");
            process = builder.start();
        } catch (IOException absent) {
            throw new IptablesException(name + " cannot be run; is the package iptables installed? (" + absent.getMessage() + ")", absent);
        }
        started.accept(process.pid());
        FutureTask<String> output = reading(process.getInputStream());
        FutureTask<String> errors = reading(process.getErrorStream());
        FutureTask<Boolean> input = new FutureTask<>(() -> {
            try (OutputStream pipe = process.getOutputStream()) {
                pipe.write(stdin.getBytes(StandardCharsets.UTF_8));
            }
            return true;
        });
        List.of(output, errors, input).forEach(Thread::startVirtualThread);
        try {
            if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IptablesException(name + " did not end within " + deadline.toSeconds() + " s and was killed");
            }
            String text = output.get();
            if (process.exitValue() != 0) {
                throw new IptablesException(name + " failed with " + process.exitValue() + ": " + errors.get().strip(), process.exitValue());
            }
            return text;
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IptablesException(name + " was interrupted", interrupted);
        } catch (ExecutionException failed) {
            throw new IptablesException("the output of " + name + " could not be read: " + failed.getMessage(), failed);
        }
    }

    private static FutureTask<String> reading(InputStream stream) {
        return new FutureTask<>(() -> {
            try (stream) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            }
        });
    }
}
