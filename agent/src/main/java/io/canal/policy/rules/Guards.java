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
    private static final Match LOOPBACK_ADDRESS = new Match.Net(Side.DESTINATION, Cidr.of("127.0.0.0/8"), false);

    private Guards() {}

    /** The node's own loopback addresses are not for pods, though pods' interfaces have route_localnet. */
    static List<Rule> beforeRouting() {
        return List.of(toLoopback(workload(Way.IN), LOOPBACK_ADDRESS));
    }

    /** {@link #beforeRouting} for a chain of packets of workloads alone. */
    static List<Rule> beforeRoutingOfWorkloads() {
        return List.of(toLoopback(LOOPBACK_ADDRESS));
    }

    static List<Rule> forward(Collection<Integer> overlayPorts) {
        return overlayPorts.stream().map(port -> fromWorkloads(workload(Way.IN), udp(), to(port))).toList();
    }

    /** {@link #forward} for a chain of packets of workloads alone. */
    static List<Rule> forwardOfWorkloads(Collection<Integer> overlayPorts) {
        return overlayPorts.stream().map(port -> fromWorkloads(overlayPackets(port))).toList();
    }

    /** What {@link #input} says of the overlay, for a chain of {@link #overlayPackets} alone. */
    static List<Rule> overlay() {
        List<Rule> rules = new ArrayList<>();
        rules.add(fromWorkloads(workload(Way.IN)));
        Match local = new Match.Local(Side.DESTINATION, false);
        for (Family family : Family.values()) {
            rules.add(ofNodes(new Match.InSet(Side.SOURCE, NodeSets.OVERLAY_PEERS.of(family), false), local));
        }
        rules.add(ofStrangers(local));
        return rules;
    }

    /** Packets to that port, from wherever. */
    static Match[] overlayPackets(int port) {
        return new Match[] {udp(), to(port)};
    }

    static List<Rule> input(Collection<Integer> overlayPorts) {
        List<Rule> rules = new ArrayList<>(forward(overlayPorts));
        for (int port : overlayPorts) {
            Match local = new Match.Local(Side.DESTINATION, false);
            for (Family family : Family.values()) {
                rules.add(ofNodes(udp(), to(port), local, new Match.InSet(Side.SOURCE, NodeSets.OVERLAY_PEERS.of(family), false)));
            }
            rules.add(ofStrangers(udp(), to(port), local));
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

    private static Rule toLoopback(Match... matches) {
        return guard(new Action.Drop(), "packets of workloads to loopback addresses", matches);
    }

    private static Rule fromWorkloads(Match... matches) {
        return guard(new Action.Drop(), "overlay packets of workloads", matches);
    }

    private static Rule ofNodes(Match... matches) {
        return guard(new Action.Accept(), "overlay packets of nodes", matches);
    }

    private static Rule ofStrangers(Match... matches) {
        return guard(new Action.Drop(), "overlay packets of strangers", matches);
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
