package io.canal.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Runs commands of ours and keeps what they print. */
final class Console {

    /** What a command printed, and its exit code. */
    record Said(String stdout, String stderr, int code) {}

    private Console() {}

    static Said run(String... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream toOut = new ByteArrayOutputStream();
        ByteArrayOutputStream toErr = new ByteArrayOutputStream();
        System.setOut(new PrintStream(toOut, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(toErr, true, StandardCharsets.UTF_8));
        try {
            int code = Main.run(args);
            return new Said(toOut.toString(StandardCharsets.UTF_8), toErr.toString(StandardCharsets.UTF_8), code);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
