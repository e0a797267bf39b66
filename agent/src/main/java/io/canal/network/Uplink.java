package io.canal.network;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import java.util.List;
import java.util.Optional;

/**
 * The interface that carries packets to other nodes.
 *
 * @param link the interface's index
 * @param mtu as the interface has it
 * @param addresses its addresses, with the lengths of the blocks that are directly behind it
 * @param v4 the address that tunnels send from; never a public address that some NAT gives us
 * @param v6 as {@code v4}
 */
public record Uplink(int link, String name, int mtu, List<IpPrefix> addresses, Optional<Ip> v4, Optional<Ip> v6) {

    public Uplink {
        addresses = List.copyOf(addresses);
    }

    /** An uplink with one IPv4 address. */
    public static Uplink of(int link, String name, int mtu, IpPrefix address) {
        return new Uplink(link, name, mtu, List.of(address), Optional.of(address.address()), Optional.empty());
    }

    /**
     * Whether an interface is one that a pod network makes, so that it can never lead to the other nodes: a tunnel of flannel's
     * or of ours, or a pod's.
     */
    public static boolean isOwnDevice(String name) {
        return name.startsWith("flannel") || name.startsWith("cali");
    }

    /** The address that tunnels of a family send from. */
    public Optional<Ip> address(Family family) {
        return family == Family.V4 ? v4 : v6;
    }

    /** Whether the address can be reached without a gateway. */
    public boolean reaches(Ip address) {
        return addresses.stream().anyMatch(prefix -> prefix.cidr().contains(address));
    }

    /** Whether the address is one of its own. */
    public boolean has(Ip address) {
        return addresses.stream().anyMatch(prefix -> prefix.address().equals(address));
    }
}
