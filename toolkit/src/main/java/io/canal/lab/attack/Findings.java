package io.canal.lab.attack;

import io.canal.lab.Pause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Tries things, and notes how each ended. */
final class Findings {

    /** Longer than any packet is on its way; an attempt that fails is repeated meanwhile. */
    static final Duration PATIENCE = Duration.ofSeconds(5);
    static final Duration SOON = Duration.ofMillis(100);
    /** What would come later than the packet behind it. */
    private static final long LINGER_MILLIS = 60;
    private static final int ATTEMPTS = 3;

    private final List<Finding> all = new ArrayList<>();

    List<Finding> all() {
        return List.copyOf(all);
    }

    void add(String tried, Finding.End end, String detail) {
        all.add(new Finding(tried, end, detail));
    }

    /** Notes it as stopped or open. */
    void stopped(String tried, boolean stopped, String detail) {
        add(tried, stopped ? Finding.End.STOPPED : Finding.End.OPEN, stopped ? "" : detail);
    }

    /** Notes that something without which nothing is proven is so, or is not. */
    void proven(String what, boolean so) {
        if (!so) {
            add(what, Finding.End.UNPROVEN, "it is not so");
        }
    }

    /**
     * Sends an attack, and behind it what must pass: the attack is stopped where only the second arrives.
     *
     * @param ear where neither may be missed
     * @param attack sends packets with the token that must not arrive
     * @param control the same in the form that must pass
     */
    void probe(String tried, Ear ear, Consumer<Token> attack, Consumer<Token> control) {
        probe(tried, ear, attack, ear, control);
    }

    /** As above, where what must pass arrives elsewhere. */
    void probe(String tried, Ear ear, Consumer<Token> attack, Ear there, Consumer<Token> control) {
        Token bad = Token.fresh();
        Token good = Token.fresh();
        for (int i = 0; i < ATTEMPTS; i++) {
            attack.accept(bad);
        }
        boolean proven = arrives(there, good, control);
        Pause.ofMillis(LINGER_MILLIS);
        int times = ear.heard(bad);
        if (proven || times > 0) {
            stopped(tried, times == 0, "it arrived at " + ear + (times == 1 ? "" : ", " + times + " times"));
        } else {
            add(tried, Finding.End.UNPROVEN, "what must pass did not arrive at " + there);
        }
    }

    /** Sends until it arrives, or the time is over. */
    static boolean arrives(Ear ear, Token token, Consumer<Token> sending) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        do {
            sending.accept(token);
            if (ear.hears(token, SOON)) {
                return true;
            }
        } while (System.nanoTime() < end);
        return false;
    }
}
