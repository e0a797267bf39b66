package io.canal.policy.rules;

import static io.canal.policy.rules.Dispatches.workload;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.Match;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What canal guards beyond Felix. The rules carry no hash tag, so that those of Felix's rules in the same chains stay Felix's.
 *
 * <p>The overlay is guarded on both ends: a pod cannot send to the VXLAN port, not even through a service that leads there, for
 * the rule stands after destination NAT and before conntrack's shortcut; and the node takes packets on that port from the nodes that
 * it knows. A source alone proves nothing, since a pod's own packet may leave with its node's address (masqueraded).
 */
final class Guards {

    private static final int UDP = 17;
    private static final int ICMP_V6 = 58;
    private static final int ROUTER_ADVERTISEMENT = 134;
    private static final int REDIRECT = 137;
    private static final Cidr LOOPBACK = Cidr.of("127.0.0.0/8");

    private Guards() {}

    /** The node's own loopback addresses are not for pods, though pods' interfaces have route_localnet. */
    static List<Rule> beforeRouting() {
        return List.of(guard(new Action.Drop(), "packets of workloads to loopback addresses", workload(Way.IN), new Match.Net(Side.DESTINATION, LOOPBACK, false)));
    }

    static List<Rule> forward(Collection<Integer> overlayPorts) {
        return overlayPorts.stream().map(Guards::fromWorkloads).toList();
    }

    static List<Rule> input(Collection<Integer> overlayPorts) {
        List<Rule> rules = new ArrayList<>(forward(overlayPorts));
        for (int port : overlayPorts) {
            Match local = new Match.Local(Side.DESTINATION, false);
            for (Family family : Family.values()) {
                rules.add(guard(new Action.Accept(), "overlay packets of nodes", udp(), to(port), local,
                        new Match.InSet(Side.SOURCE, NodeSets.OVERLAY_PEERS.of(family), false)));
            }
            rules.add(guard(new Action.Drop(), "overlay packets of strangers", udp(), to(port), local));
        }
        return rules;
    }

    /** A pod is no router of this node, and no DHCP server. */
    static List<Rule> toHost() {
        List<Rule> rules = new ArrayList<>();
        for (int type : List.of(ROUTER_ADVERTISEMENT, REDIRECT)) {
            rules.add(guard(new Action.Drop(), "routers among workloads", Match.Protocol.of(ICMP_V6), new Match.Icmp(type, -1, false)).only(Set.of(Family.V6)));
        }
        rules.add(guard(new Action.Drop(), "DHCP servers among workloads", udp(), from(67), to(68)));
        rules.add(guard(new Action.Drop(), "DHCP servers among workloads", udp(), from(547), to(546)));
        return rules;
    }

    private static Rule fromWorkloads(int port) {
        return guard(new Action.Drop(), "overlay packets of workloads", workload(Way.IN), udp(), to(port));
    }

    private static Rule guard(Action action, String what, Match... matches) {
        return Rule.of(action, matches).comment("canal guard: " + what).signedByText();
    }

    private static Match udp() {
        return Match.Protocol.of(UDP);
    }

    private static Match from(int port) {
        return new Match.Ports(Side.SOURCE, List.of(PortRange.of(port)), false);
    }

    private static Match to(int port) {
        return new Match.Ports(Side.DESTINATION, List.of(PortRange.of(port)), false);
    }
}
