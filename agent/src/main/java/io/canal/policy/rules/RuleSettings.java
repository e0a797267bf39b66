package io.canal.policy.rules;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.ruleset.Match;
import io.canal.ruleset.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What of the node's configuration the rules depend on; the names and the defaults are FelixConfiguration's, where it has them.
 *
 * @param markMask the bits of the packet mark that may be used
 * @param filterAccepts whether an accepted packet is accepted at once, or goes on with what others have in the kernel's chain
 * @param mangleAccepts the same in mangle PREROUTING
 * @param rejects whether a denied packet's sender is told; in raw and mangle, where the kernel cannot, it never is
 * @param endpointToHost what becomes of a pod's packet to this node that its policy accepted
 * @param failsafeInbound the ports of this node
 * @param failsafeOutbound the ports of others
 * @param logPrefix may hold {@code %t}, {@code %k}, {@code %n} and {@code %p}: tier, kind, name, namespace and name
 * @param logRate how many packets a log rule logs
 * @param vxlanPort the port of VXLAN packets that pods must not send
 * @param overlayPorts the ports that this node's own overlay really uses; guarded on both ways
 * @param serviceBlocks addresses of services: packets that are still on their way there are in a loop
 * @param natPorts the source ports that masquerading may use
 * @param natAddress the source that packets leave with in place of the interface's address
 * @param natSparesHosts whether packets to other nodes keep their source too
 * @param floatingIps whether pods are reached by the further addresses that they have
 * @param spoofing whether a pod may have further sources; where not, one that asks for some is cut off
 * @param behindOthers whether our rules stand behind those of others in the kernel's chains of iptables, not before them
 */
public record RuleSettings(
        int markMask,
        boolean filterAccepts,
        boolean mangleAccepts,
        boolean rejects,
        ToHost endpointToHost,
        List<Failsafe> failsafeInbound,
        List<Failsafe> failsafeOutbound,
        String logPrefix,
        LogRate logRate,
        int logBurst,
        boolean dropsInvalid,
        int vxlanPort,
        boolean vxlanFromWorkloads,
        boolean ipipFromWorkloads,
        SortedSet<Integer> overlayPorts,
        ServiceLoop serviceLoop,
        List<Cidr> serviceBlocks,
        Optional<PortRange> natPorts,
        Optional<Ip> natAddress,
        boolean natSparesHosts,
        boolean floatingIps,
        boolean spoofing,
        boolean behindOthers) {

    /**
     * How many packets a log rule logs.
     *
     * @param packets 0 for all
     */
    public record LogRate(int packets, Match.WithinRate.Unit unit) {

        static final LogRate ALL = new LogRate(0, Match.WithinRate.Unit.SECOND);
    }

    /** DefaultEndpointToHostAction. */
    public enum ToHost {
        ACCEPT,
        RETURN,
        DROP
    }

    /** ServiceLoopPrevention. */
    public enum ServiceLoop {
        DROP,
        REJECT,
        DISABLED
    }

    public RuleSettings {
        failsafeInbound = List.copyOf(failsafeInbound);
        failsafeOutbound = List.copyOf(failsafeOutbound);
        overlayPorts = new TreeSet<>(overlayPorts);
        serviceBlocks = List.copyOf(serviceBlocks);
    }

    /** Felix's defaults, with canal's DefaultEndpointToHostAction. */
    public static RuleSettings defaults() {
        return new RuleSettings(0xffff0000, true, true, false, ToHost.ACCEPT,
                List.of(Failsafe.tcp(22), Failsafe.udp(68), Failsafe.tcp(179), Failsafe.tcp(2379), Failsafe.tcp(2380), Failsafe.tcp(5473),
                        Failsafe.tcp(6443), Failsafe.tcp(6666), Failsafe.tcp(6667)),
                List.of(Failsafe.udp(53), Failsafe.udp(67), Failsafe.tcp(179), Failsafe.tcp(2379), Failsafe.tcp(2380), Failsafe.tcp(5473),
                        Failsafe.tcp(6443), Failsafe.tcp(6666), Failsafe.tcp(6667)),
                "calico-packet", LogRate.ALL, 5, true, 4789, false, false, new TreeSet<>(), ServiceLoop.DROP, List.of(), Optional.empty(),
                Optional.empty(), false, false, false, false);
    }

    /** These with another action for packets to the node. */
    public RuleSettings with(ToHost action) {
        return new RuleSettings(markMask, filterAccepts, mangleAccepts, rejects, action, failsafeInbound, failsafeOutbound, logPrefix, logRate,
                logBurst, dropsInvalid, vxlanPort, vxlanFromWorkloads, ipipFromWorkloads, overlayPorts, serviceLoop, serviceBlocks, natPorts,
                natAddress, natSparesHosts, floatingIps, spoofing, behindOthers);
    }

    /** These with other overlay ports. */
    public RuleSettings withOverlayPorts(SortedSet<Integer> ports) {
        return new RuleSettings(markMask, filterAccepts, mangleAccepts, rejects, endpointToHost, failsafeInbound, failsafeOutbound, logPrefix,
                logRate, logBurst, dropsInvalid, vxlanPort, vxlanFromWorkloads, ipipFromWorkloads, ports, serviceLoop, serviceBlocks,
                natPorts, natAddress, natSparesHosts, floatingIps, spoofing, behindOthers);
    }

    /** These with other blocks of services. */
    public RuleSettings withServiceBlocks(List<Cidr> blocks) {
        return new RuleSettings(markMask, filterAccepts, mangleAccepts, rejects, endpointToHost, failsafeInbound, failsafeOutbound, logPrefix,
                logRate, logBurst, dropsInvalid, vxlanPort, vxlanFromWorkloads, ipipFromWorkloads, overlayPorts, serviceLoop, blocks,
                natPorts, natAddress, natSparesHosts, floatingIps, spoofing, behindOthers);
    }
}
