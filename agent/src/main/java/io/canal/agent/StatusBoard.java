package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.control.AgentStatus;
import io.canal.control.Finding;
import io.canal.model.Problem;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Puts the agent's status together, and says when it has become another. */
final class StatusBoard {

    private final Conditions conditions;
    private final Supplier<Measured> measured;
    private @Nullable AgentStatus last;

    /**
     * What is measured, beside the conditions.
     *
     * @param missing what else there is to be waited for, in sentences
     * @param networkPending whether a configuration of the network waits for etcd
     */
    record Measured(List<String> missing, String subnet, String network, int mtu, String dataplane, String nodename, String publicIp, String digest, List<Finding> problems,
            boolean networkPending) {}

    StatusBoard(Conditions conditions, Supplier<Measured> measured) {
        this.conditions = conditions;
        this.measured = measured;
    }

    /** The status now. */
    AgentStatus status() {
        Measured now = measured.get();
        List<String> blocked = conditions.sentences(Weight.BLOCKED);
        List<String> reasons = conditions.sentences(Weight.NOT_READY);
        List<String> all = Stream.of(blocked, reasons, now.missing()).flatMap(List::stream).distinct().toList();
        return new AgentStatus(all.isEmpty(), all, now.subnet(), now.network(), now.mtu(), now.dataplane(), now.nodename(), now.publicIp(),
                Program.version(), now.digest(), now.problems(), now.networkPending(), blocked.isEmpty() ? "" : blocked.getFirst(),
                conditions.sentences(Weight.NOTE));
    }

    /** A problem as the status tells it. */
    static Finding finding(Problem problem) {
        return new Finding(problem.sentence() + ".", problem.where(), problem.expected(), problem.found(), "");
    }

    /** Whether the status is another than at the last call. */
    boolean isAnother() {
        AgentStatus now = status();
        synchronized (this) {
            boolean another = !now.equals(last);
            last = now;
            return another;
        }
    }
}
