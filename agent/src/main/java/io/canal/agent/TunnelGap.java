package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.dataplane.link.Remade;
import io.canal.reconcile.Applied;
import io.canal.reconcile.Clock;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says for a while that packets between nodes were lost, because a tunnel was made again, and how long it was not there. */
final class TunnelGap {

    private static final Logger log = LoggerFactory.getLogger(TunnelGap.class);
    private static final String PART = "tunnels";
    /** Long enough to be seen by who changed the option. */
    private static final Duration TOLD_FOR = Duration.ofMinutes(5);

    private final Conditions conditions;
    private final Clock clock;
    private Optional<Remade> open = Optional.empty();
    private volatile long toldAt;

    TunnelGap(Conditions conditions, Clock clock) {
        this.conditions = conditions;
        this.clock = clock;
    }

    /** After each pass, on the loop's thread: the gap ends with the first one that brings back all that hangs on the tunnel. */
    void after(Applied applied, Optional<Remade> remade) {
        if (remade.isPresent()) {
            open = remade;
        }
        if (open.isPresent() && applied.clean()) {
            Remade closed = open.get();
            open = Optional.empty();
            String sentence = closed.name() + " was made again, as " + closed.because() + ": it was away for " + clock.since(closed.sinceNanos()).toMillis()
                    + " ms, and a node that has not followed is not reached.";
            log.warn("{}", sentence);
            toldAt = clock.nanos();
            conditions.set(PART, Weight.NOTE, Optional.of(sentence));
        }
    }

    /** Now and then, on any thread. */
    void check() {
        if (clock.since(toldAt).compareTo(TOLD_FOR) > 0) {
            conditions.set(PART, Weight.NOTE, Optional.empty());
        }
    }
}
