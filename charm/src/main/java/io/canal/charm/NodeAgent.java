package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.AgentStatus;
import io.canal.control.ControlClient;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.time.Duration;
import java.util.Optional;

/** The agent that runs on this node, as a hook sees it. */
interface NodeAgent {

    /** As {@link ControlClient#call}. */
    Reply ask(String operation, ObjectNode arguments, Duration within);

    /** What it says about itself; empty where none answers. */
    default Optional<AgentStatus> status(Duration within) {
        return status(ask(Op.STATUS, Json.object(), within));
    }

    /** The status that a reply holds, as that to a reload does too. */
    static Optional<AgentStatus> status(Reply reply) {
        return switch (reply) {
            case Reply.Done(ObjectNode body) when AgentStatus.decode("agent", body) instanceof Decoded.Good<AgentStatus>(var status) ->
                Optional.of(status);
            case Reply.Done _, Reply.Refused _, Reply.Unreachable _ -> Optional.empty();
        };
    }

    /** The one behind the control socket. */
    static NodeAgent of(NodePaths node) {
        return new ControlClient(node.controlSocket())::call;
    }
}
