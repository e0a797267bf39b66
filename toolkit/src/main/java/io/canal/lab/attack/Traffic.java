package io.canal.lab.attack;

import io.canal.lab.Pause;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Packets all the time from two pods to a victim on three ports, each from a source port that was not used before, so that no packet
 * belongs to a connection that is known: one port that every policy opens, one that none does, and one that the policy of the moment
 * decides about.
 */
final class Traffic implements AutoCloseable {

    static final int ALWAYS = 6001;
    static final int NEVER = 6002;
    static final int AT_TIMES = 6003;

    private static final long GAP_NANOS = 2_000_000;
    private static final int FEWEST = 1_000;
    private static final int FIRST_SOURCE = 10_000;
    private static final int SOURCES = 50_000;
    private static final long LINGER_MILLIS = 300;

    private final Actor victim;
    private final Ip to;
    private final List<Actor> senders;
    private final Token always = Token.fresh();
    private final Token never = Token.fresh();
    private final Token atTimes = Token.fresh();
    private final AtomicInteger sent = new AtomicInteger();
    private final Thread sending;
    private volatile boolean stopped;

    Traffic(Family family, Actor victim, Actor... senders) {
        this.victim = victim;
        this.to = victim.ip(family);
        this.senders = List.of(senders);
        this.sending = Thread.ofPlatform().daemon().name("traffic").start(this::send);
    }

    private void send() {
        long start = System.nanoTime();
        for (int number = 0; !stopped; number++) {
            LockSupport.parkNanos(start + number * GAP_NANOS - System.nanoTime());
            for (Actor sender : senders) {
                int source = FIRST_SOURCE + number % SOURCES;
                sender.udp(to, source, ALWAYS, always.bytes());
                sender.udp(to, source, NEVER, never.bytes());
                sender.udp(to, source, AT_TIMES, atTimes.bytes());
            }
            sent.addAndGet(senders.size());
        }
    }

    int sent() {
        return sent.get();
    }

    /** Whether what was sent is enough to say something of. */
    boolean isEnough() {
        return sent.get() > FEWEST;
    }

    /** Ends it, and notes what came of it. */
    void judge(String during, Findings findings) throws InterruptedException {
        stopped = true;
        sending.join();
        Pause.ofMillis(LINGER_MILLIS);
        Ear ear = victim.ear();
        int all = sent.get();
        findings.stopped("what no policy opens, during " + during + ", of " + all + " packets", ear.heard(never) == 0, ear.heard(never) + " arrived");
        findings.stopped("loss of what every policy opens, during " + during + ", of " + all + " packets", ear.heard(always) == all,
                all - ear.heard(always) + " were lost");
        findings.proven("a thousand packets during " + during, isEnough());
        findings.proven("policies changed during " + during + ": of " + all + " packets " + ear.heard(atTimes) + " passed a port that one opens and one closes",
                ear.heard(atTimes) > 0 && ear.heard(atTimes) < all);
    }

    @Override
    public void close() {
        stopped = true;
    }
}
