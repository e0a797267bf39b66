package io.canal.lab.attack;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.pod.Pods;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Makes the attacks, one after the other. */
public final class AttackTest {

    private static final List<Attack> ATTACKS = List.of(
            new Attack(1, "packets of the overlay out of a pod", "guard of the overlay, where pods' packets are forwarded or taken in", OverlayAttacks::outOfAPod),
            new Attack(2, "packets of the overlay from a stranger or a former node", "guard of the overlay, where a node takes them in", OverlayAttacks::fromBesideTheNodes),
            new Attack(3, "sources that are others'", "the route back must lead to the pod", AddressAttacks::spoofedSources),
            new Attack(4, "ARP and neighbour advertisements for others' addresses", "one wire a pod, permanent neighbours", AddressAttacks::poisonedNeighbours),
            new Attack(5, "router advertisements, redirects and DHCP offers out of a pod", "guard of the node's own packets", AddressAttacks::routersAndDhcp),
            new Attack(6, "the node's loopback, and ports that are bound to it", "guard of loopback addresses; the kernel", AddressAttacks::loopbackOfTheNode),
            new Attack(7, "fragments and extension headers that hide the port", "packets are put together before rules see them", PacketAttacks::fragments),
            new Attack(8, "packets of connections that are not there", "connection tracking: what is of no connection is dropped", PacketAttacks::connectionTracking),
            new Attack(9, "a hostPort that takes others' traffic", "translated only where the node is meant", NodeAttacks::hostPorts),
            new Attack(10, "marks that a packet brings along", "marks are cleared before they count", NodeAttacks::marks),
            new Attack(12, "the node's services: sockets, etcd, other ports", "modes of files; egress policy; DefaultEndpointToHostAction", NodeAttacks::services),
            new Attack(13, "source routes, broadcast and multicast", "the kernel; nothing forwards them", PacketAttacks::sourceRoutesAndMulticast),
            new Attack(14, "the first packets of a pod, and interfaces that nobody knows", "ADD waits for the rules; unknown cali interfaces are dropped", FirstPacketAttacks::run),
            new Attack(15, "packets while policies change", "changes are transactions", ChangeAttacks::policySwaps),
            new Attack(16, "packets while the agent is killed", "the kernel keeps the rules", ChangeAttacks::kills),
            new Attack(18, "names and labels that are commands or rules", "quoting; names are checked; no shell", NameAttacks::run));

    private AttackTest() {}

    /** The numbers of the attacks that there are. */
    public static Set<Integer> numbers() {
        return ATTACKS.stream().map(Attack::number).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Makes attacks on a lab.
     *
     * @param outside a namespace on the nodes' network that is none of them
     * @param only the numbers of those to make
     * @param ended gets each when it has been made
     * @throws LabException where the lab does not have what attacks need
     */
    public static AttackReport run(Pods pods, List<Host> hosts, NetworkNamespace outside, Set<Integer> only, Consumer<AttackReport.Entry> ended) {
        AttackReport report = new AttackReport();
        try (Ground ground = new Ground(pods, hosts, outside)) {
            for (Attack attack : ATTACKS) {
                if (only.contains(attack.number())) {
                    AttackReport.Entry entry = made(attack, ground);
                    report.add(entry);
                    ended.accept(entry);
                }
            }
        }
        return report;
    }

    private static AttackReport.Entry made(Attack attack, Ground ground) {
        Findings findings = new Findings();
        try {
            attack.play().run(ground, findings);
        } catch (LabException | IOException broken) {
            findings.add("the attack itself", Finding.End.UNPROVEN, String.valueOf(broken.getMessage()));
        }
        return new AttackReport.Entry(attack, findings.all());
    }
}
