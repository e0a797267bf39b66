package io.canal.network;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A VXLAN device that this node should have: {@code flannel.VNI} over IPv4, {@code flannel-v6.VNI} over IPv6, as flannel's.
 *
 * <p>Which MAC it has is not said here: that is kept on the node.
 *
 * @param parent the uplink's index
 * @param local the address that it sends from
 * @param address the base of our subnet, as a host of its own; empty while we have no subnet
 */
public record Tunnel(
        Family family,
        String name,
        int vni,
        int parent,
        Ip local,
        int port,
        boolean learning,
        boolean groupPolicy,
        int mtu,
        boolean txChecksum,
        Optional<IpPrefix> address) {

    /** The tunnels that carry the families of the network; none where no lease asks for one. */
    public static List<Tunnel> of(LocalNetwork local) {
        List<Tunnel> tunnels = new ArrayList<>(2);
        local.vxlan().ifPresent(backend -> {
            for (Family family : Family.values()) {
                of(local, backend, family).ifPresent(tunnels::add);
            }
        });
        return tunnels;
    }

    private static Optional<Tunnel> of(LocalNetwork local, Backend backend, Family family) {
        Optional<Ip> source = local.uplink().address(family);
        if (local.config().range(family).isEmpty() || source.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Tunnel(
                family,
                name(family, backend.vni()),
                backend.vni(),
                local.uplink().link(),
                source.get(),
                backend.udpPort(),
                backend.learning(),
                backend.gbp(),
                Mtu.of(local).tunnel(family),
                local.txChecksum(),
                local.subnet().flatMap(subnet -> subnet.cidr(family)).map(Cidr::base).map(IpPrefix::host)));
    }

    /** The family of the tunnel that has, or had, this name. */
    public static Family family(String name) {
        return name.startsWith("flannel-v6.") ? Family.V6 : Family.V4;
    }

    /** The name that a tunnel of this family and network identifier has. */
    public static String name(Family family, int vni) {
        return (family == Family.V4 ? "flannel." : "flannel-v6.") + vni;
    }
}
