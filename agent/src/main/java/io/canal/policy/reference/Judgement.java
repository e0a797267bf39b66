package io.canal.policy.reference;

import java.util.List;
import java.util.Optional;

/**
 * What becomes of a packet on one node.
 *
 * @param untracked whether connection tracking does not see it: then its addresses are not translated, and its answer is a packet of
 *     its own
 * @param walk all points at which policies were asked; the last one is where it ended
 */
public record Judgement(boolean allowed, boolean untracked, List<Stage> walk) {

    public Judgement {
        walk = List.copyOf(walk);
    }

    /** Where the packet was dropped. */
    public Optional<Stage> denial() {
        return allowed || walk.isEmpty() ? Optional.empty() : Optional.of(walk.getLast());
    }
}
