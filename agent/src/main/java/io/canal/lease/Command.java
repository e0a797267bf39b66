package io.canal.lease;

import io.canal.store.Txn;
import java.time.Duration;
import java.util.Optional;

/** What is to be asked of the store. At most one command with an id is open at a time; its answer bears the same id. */
public sealed interface Command {

    /** Stands in a transaction for the lease that is granted for it. */
    long NEW_LEASE = -1;

    /** Read the epoch, then everything else: answered by {@link Event.WasRead}. */
    record Read(long id) implements Command {}

    /**
     * Carry out a transaction: answered by {@link Event.Committed}.
     *
     * @param grant first get a lease of this time to live, and put it where {@link #NEW_LEASE} stands; give it back if the
     *     comparisons do not hold
     */
    record Commit(long id, Txn txn, Optional<Duration> grant) implements Command {}

    /** Keep a lease alive once: answered by {@link Event.KeptAlive}. */
    record KeepAlive(long id, long lease) implements Command {}

    /** End a lease; no answer is wanted. */
    record Revoke(long lease) implements Command {}
}
