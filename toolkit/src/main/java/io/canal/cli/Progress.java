package io.canal.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a long command, a line each: what it does, what came of it, how long it took. On a terminal the line of the running
 * step is written anew while it lives; elsewhere it is written once, when the step is over.
 */
final class Progress {

    private static final int NAME = 9;
    private static final int DETAIL = 58;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean live;
    private final long start = System.nanoTime();
    private @Nullable String step;
    private long stepStart;
    private long shown;

    Progress(PrintStream out, boolean live) {
        this.out = out;
        this.live = live;
    }

    /** To standard output; live where it is a terminal that can move its cursor. */
    static Progress toStandardOutput() {
        boolean terminal = System.console() != null && System.console().isTerminal()
                && !"dumb".equals(System.getenv().getOrDefault("TERM", "dumb"));
        return new Progress(System.out, terminal);
    }

    /** What a step does. */
    interface Step<X extends Exception> {

        /** Returns what came of it, in a few words. */
        String take() throws X;
    }

    /** Takes a step and tells of it; where it fails the line says so. */
    <X extends Exception> void step(String name, Step<X> step) throws X {
        begin(name);
        boolean done = false;
        String outcome = "failed";
        try {
            outcome = step.take();
            done = true;
        } finally {
            end(done ? outcome : "failed");
        }
    }

    /** A word on what the running step is at. Any thread may say it. */
    synchronized void at(String detail) {
        long now = System.nanoTime();
        // A terminal over a slow line must not be flooded.
        if (live && step != null && now - shown > 50_000_000L) {
            shown = now;
            out.print(ERASE_LINE + line(step, detail, now - stepStart));
            out.flush();
        }
    }

    /** How long all has taken. */
    Duration total() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1000.0);
    }

    private synchronized void begin(String name) {
        step = name;
        stepStart = System.nanoTime();
        shown = 0;
        at("…");
    }

    private synchronized void end(String outcome) {
        if (step != null) {
            out.println((live ? ERASE_LINE : "") + line(step, outcome, System.nanoTime() - stepStart));
            step = null;
        }
    }

    private static String line(String name, String detail, long nanos) {
        String fitting = detail.length() > DETAIL ? detail.substring(0, DETAIL - 1) + "…" : detail;
        return String.format("%-" + NAME + "s %-" + DETAIL + "s %8s", name, fitting, seconds(Duration.ofNanos(nanos)));
    }
}
