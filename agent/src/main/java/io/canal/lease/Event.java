package io.canal.lease;

import java.time.Duration;
import java.util.Optional;

/** What happens to a node's subnet keeping. */
public sealed interface Event {

    /** The node has learnt something about itself. */
    record Facts(NodeFacts facts) implements Event {}

    /** {@link KeeperState#wakeAt} has come. */
    record Due() implements Event {}

    /** The watch saw a change of something that our subnet depends on: look anew. */
    record Hint() implements Event {}

    /** Pods may lose their addresses: a subnet that is lost may be given up for another, once. */
    record AllowRenumber() implements Event {}

    /** The node leaves the network: give everything back. */
    record Leave() implements Event {}

    /** The answer to {@link Command.Read}. */
    record WasRead(long id, Snapshot snapshot) implements Event {}

    /**
     * The answer to {@link Command.Commit}.
     *
     * @param done whether the comparisons held
     * @param revision of the writes
     * @param lease the lease that was granted for it; 0 where none was
     */
    record Committed(long id, boolean done, long revision, long lease) implements Event {}

    /**
     * The answer to {@link Command.KeepAlive}.
     *
     * @param left how long the lease lives now, which is what it was granted for; empty where it is gone
     */
    record KeptAlive(long id, Optional<Duration> left) implements Event {}

    /** No answer, or a refusal: a commit may or may not be carried out, now or later. */
    record Failed(long id, String reason) implements Event {}
}
