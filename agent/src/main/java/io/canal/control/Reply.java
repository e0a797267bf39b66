package io.canal.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What came of a request to the agent. */
public sealed interface Reply {

    /** Done; {@code body} holds what the operation gives. */
    record Done(ObjectNode body) implements Reply {}

    /** The agent heard, and did not do it, for the reason in {@code sentence}. */
    record Refused(String sentence) implements Reply {}

    /** No agent answered in time; {@code sentence} says whether none listens or it hangs. */
    record Unreachable(String sentence) implements Reply {}
}
