package io.canal.reconcile;

import java.time.Duration;

/** When something that was refused is tried again: after a pause, which doubles each time that it is refused once more. */
public final class Again {

    private final Clock clock;
    private final Duration first;
    private final Duration longest;
    private Duration pause;
    private long at;

    public Again(Clock clock, Duration first, Duration longest) {
        this.clock = clock;
        this.first = first;
        this.longest = longest;
        this.pause = first;
        this.at = clock.nanos();
    }

    public boolean isDue() {
        return clock.nanos() - at >= 0;
    }

    public void refused() {
        at = clock.nanos() + pause.toNanos();
        pause = pause.multipliedBy(2).compareTo(longest) < 0 ? pause.multipliedBy(2) : longest;
    }

    /** Nothing is refused any more, or something may have changed: it is due, and begins with the first pause. */
    public void reset() {
        at = clock.nanos();
        pause = first;
    }
}
