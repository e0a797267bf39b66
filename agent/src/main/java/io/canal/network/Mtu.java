package io.canal.network;

import io.canal.model.Ip.Family;
import io.canal.model.Problem;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The sizes of packets, in bytes.
 *
 * <p>A VXLAN packet of IPv4 is 50 bytes larger than what it carries (14 Ethernet, 20 IP, 8 UDP, 8 VXLAN), of IPv6 70 bytes. Flannel
 * computes 50 for both, and the kernel cuts its IPv6 device to what fits; here each is what it must be, and pods get the lower. The
 * operator's option limits tunnels and pods: it is there for paths that carry less than their interfaces say.
 *
 * @param tunnelV4 of the tunnel over IPv4
 * @param tunnelV6 of the tunnel over IPv6
 * @param pods of the pods' interfaces, and in the node's files
 * @param problem a configured value that does not fit
 */
public record Mtu(int tunnelV4, int tunnelV6, int pods, Optional<Problem> problem) {

    private static final int OVERHEAD_V4 = 50;
    private static final int OVERHEAD_V6 = 70;

    /** The sizes that follow from the interface, the config's {@code Backend.MTU} and the operator's option. */
    public static Mtu of(LocalNetwork local) {
        int configured = local.config().backend().mtu();
        int highest = local.uplink().mtu();
        int underlay = configured == 0 ? highest : Math.min(configured, highest);
        int tunnelV4 = underlay - OVERHEAD_V4;
        int tunnelV6 = underlay - OVERHEAD_V6;
        int carried = underlay;
        if (local.config().backend().isVxlan()) {
            carried = local.config().v6().isPresent() ? tunnelV6 : tunnelV4;
        }
        int wanted = local.mtuOption();
        Optional<Problem> problem = Stream.of(
                configured > highest
                        ? Optional.of(new Problem("network config", "Backend.MTU", Integer.toString(configured),
                                "at most " + highest + ", the MTU of " + local.uplink().name()))
                        : Optional.<Problem>empty(),
                wanted > carried
                        ? Optional.of(new Problem("option mtu", "", Integer.toString(wanted),
                                "at most " + carried + ", what " + local.uplink().name() + " with MTU " + highest + " can carry"))
                        : Optional.<Problem>empty()).flatMap(Optional::stream).findFirst();
        int most = wanted == 0 ? highest : wanted;
        return new Mtu(Math.min(tunnelV4, most), Math.min(tunnelV6, most), Math.min(carried, most), problem);
    }

    public int tunnel(Family family) {
        return family == Family.V4 ? tunnelV4 : tunnelV6;
    }
}
