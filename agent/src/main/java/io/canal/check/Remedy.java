package io.canal.check;

import io.canal.model.Cidr;
import io.canal.model.SubnetKey;

/** What to do about what the agent is there to mend. */
final class Remedy {

    private Remedy() {}

    static String byTheAgent(Observation seen) {
        return seen.agentRuns()
                ? "The agent mends it by itself; if it is still so after 10 s: " + repair(seen, "")
                : "Start the agent: systemctl start canal-agent, or " + repair(seen, "");
    }

    static String byReclaiming(Observation seen) {
        return "To have this node write it anew, unless something says that the subnet is another node's: " + repair(seen, "");
    }

    static String byRenumbering(Observation seen) {
        return "To take a new subnet for this node: " + repair(seen, " allow-renumber=true");
    }

    static String byAcceptingEtcd(Observation seen) {
        return repair(seen, " accept-etcd=true");
    }

    static String byReleasing(Observation seen, SubnetKey subnet) {
        return action(seen, "release-lease subnet=" + String.join(",", subnet.cidrs().stream().map(Cidr::toString).toList()));
    }

    private static String repair(Observation seen, String arguments) {
        return action(seen, "repair-subnets" + arguments);
    }

    private static String action(Observation seen, String action) {
        return seen.command() + " run " + (seen.unit().isEmpty() ? "UNIT" : seen.unit()) + " " + action;
    }
}
