package io.canal.reconcile;

import java.util.List;

/**
 * One step of a pass: it brings what it owns to what the tables ask for.
 *
 * <p>A stage is a calculator together with the reconciler that it feeds, or a reconciler alone. It is called on every pass, and is
 * quick when nothing of its own changed.
 */
public interface Stage {

    /** The stage's name in statuses and logs, such as {@code route}. */
    String name();

    /**
     * Brings this stage's objects up to date, or throws with the reason; the stage is then tried again, later and later, and the
     * stages after it still run.
     */
    void run(Pass pass) throws StageFailed;

    /** What this stage owns may have been changed by others: look at it anew in the next pass. */
    default void distrust() {}

    /** What this stage put back after somebody else had changed it, since the last call. */
    default List<Repair> takeRepairs() {
        return List.of();
    }

    /** Removes everything that this stage owns, for when canal leaves the node. */
    default void removeAll() throws StageFailed {}
}
