package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip.Family;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.Collectors;

/**
 * The network that all nodes share: the JSON at {@code <prefix>/config}.
 *
 * <p>Read as flannel reads it: names without regard to case, unknown fields kept, blocks with or without host bits, and flannel's
 * defaults and checks. Written with only what differs from the defaults.
 *
 * @param v4 the subnets of IPv4; empty where it is switched off
 * @param v6 the subnets of IPv6; empty where it is switched off
 * @param nftables {@code EnableNFTables}: what flannel would use; canal chooses by itself
 */
public record NetworkConfig(Optional<SubnetRange> v4, Optional<SubnetRange> v6, boolean nftables, Backend backend, Extra extra) {

    public NetworkConfig {
        if (v4.isEmpty() && v6.isEmpty()) {
            throw new IllegalArgumentException("a network is of at least one family");
        }
    }

    /** An IPv4 network with flannel's defaults. */
    public static NetworkConfig of(Cidr network, Backend backend) {
        return new NetworkConfig(Optional.of(SubnetRange.of(network)), Optional.empty(), false, backend, Extra.NONE);
    }

    /**
     * Reads the JSON text.
     *
     * @param where the etcd key, for the sentence where the text is malformed
     */
    public static Decoded<NetworkConfig> parse(String where, String text) {
        return Fields.decode(where, text, NetworkConfig::read);
    }

    private static NetworkConfig read(Fields fields) throws Fields.Malformed {
        boolean enableV4 = fields.bool("EnableIPv4", true);
        boolean enableV6 = fields.bool("EnableIPv6", false);
        boolean nftables = fields.bool("EnableNFTables", false);
        if (!enableV4 && !enableV6) {
            throw fields.bad("EnableIPv4", "false", "true, as EnableIPv6 is false too");
        }
        Optional<SubnetRange> v4 = range(fields, enableV4, Family.V4, "Network", "SubnetLen", "SubnetMin", "SubnetMax");
        Optional<SubnetRange> v6 = range(fields, enableV6, Family.V6, "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax");
        Optional<Fields> backend = fields.object("Backend");
        if (backend.isEmpty()) {
            throw fields.bad("Backend", "", "an object such as {\"Type\":\"vxlan\"}; without it flannel takes udp, which canal does not carry");
        }
        Backend read = Backend.read(backend.get());
        int highest = Backend.highestVni(v6.isPresent() ? Family.V6 : Family.V4);
        if (read.isVxlan() && read.vni() > highest) {
            throw backend.get().bad("VNI", Integer.toString(read.vni()), "a whole number from 1 to " + highest
                    + ", because the device is named by it and a name has at most 15 characters");
        }
        return new NetworkConfig(v4, v6, nftables, read, fields.rest());
    }

    private static Optional<SubnetRange> range(
            Fields fields, boolean enabled, Family family, String networkName, String lengthName, String minName, String maxName)
            throws Fields.Malformed {
        String example = family == Family.V4 ? "an IPv4 block such as 10.1.0.0/16" : "an IPv6 block such as fd00:10:244::/56";
        Optional<Cidr> given = fields.parsed(networkName, example, text ->
                IpPrefix.parse(text).map(IpPrefix::cidr).filter(cidr -> cidr.family() == family));
        if (!enabled) {
            // Flannel ignores the fields of a family that is off; they are dropped when we write.
            fields.integer(lengthName, 0, 128, 0);
            fields.string(minName, example);
            fields.string(maxName, example);
            return Optional.empty();
        }
        Cidr network = given.orElseThrow(() -> fields.missing(networkName, example));
        int longest = SubnetRange.longest(network);
        if (network.length() > longest - 2) {
            throw fields.bad(networkName, network.toString(), "a block of /" + (longest - 2) + " or shorter");
        }
        int length = fields.integer(lengthName, 0, 128, 0);
        if (length == 0) {
            length = SubnetRange.defaultLength(network);
        } else if (length > longest || length < network.length() + 2) {
            throw fields.bad(lengthName, Integer.toString(length),
                    "from " + (network.length() + 2) + " to " + longest + ", so that four subnets fit into " + network);
        }
        Ip min = bound(fields, minName, network, length).orElse(SubnetRange.defaultMin(network, length));
        Ip max = bound(fields, maxName, network, length).orElse(SubnetRange.defaultMax(network, length));
        if (min.compareTo(max) > 0) {
            throw fields.bad(minName, min.toString(), "not above " + maxName + " " + max);
        }
        return Optional.of(new SubnetRange(network, length, min, max));
    }

    private static Optional<Ip> bound(Fields fields, String name, Cidr network, int length) throws Fields.Malformed {
        String expected = "the base of a /" + length + " within " + network;
        return fields.parsed(name, expected, text -> Ip.parse(text).filter(ip -> SubnetRange.aligned(network, length, ip)));
    }

    /** The JSON text. */
    public String text() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        if (v4.isEmpty()) {
            object.put("EnableIPv4", false);
        }
        if (v6.isPresent()) {
            object.put("EnableIPv6", true);
        }
        if (nftables) {
            object.put("EnableNFTables", true);
        }
        v4.ifPresent(range -> write(object, range, "Network", "SubnetLen", "SubnetMin", "SubnetMax"));
        v6.ifPresent(range -> write(object, range, "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax"));
        object.set("Backend", backend.json());
        extra.addTo(object);
        return Fields.compact(object);
    }

    private static void write(ObjectNode object, SubnetRange range, String network, String length, String min, String max) {
        object.put(network, range.network().toString());
        if (range.subnetLength() != SubnetRange.defaultLength(range.network())) {
            object.put(length, range.subnetLength());
        }
        if (!range.min().equals(SubnetRange.defaultMin(range.network(), range.subnetLength()))) {
            object.put(min, range.min().toString());
        }
        if (!range.max().equals(SubnetRange.defaultMax(range.network(), range.subnetLength()))) {
            object.put(max, range.max().toString());
        }
    }

    public Optional<SubnetRange> range(Family family) {
        return family == Family.V4 ? v4 : v6;
    }

    /** The networks, for a sentence. */
    public String networksText() {
        return networks().stream().map(Cidr::toString).collect(Collectors.joining(" and "));
    }

    /** The blocks of the network, IPv4 first. */
    public List<Cidr> networks() {
        return Stream.of(v4, v6).flatMap(Optional::stream).map(SubnetRange::network).toList();
    }

    /** Whether a node may have this subnet: the families of the network, the right length, within the bounds. */
    public boolean fits(SubnetKey key) {
        return fits(v4, key.v4()) && fits(v6, key.v6());
    }

    private static boolean fits(Optional<SubnetRange> range, Optional<Cidr> subnet) {
        return range.isEmpty() ? subnet.isEmpty() : subnet.isPresent() && range.get().fits(subnet.get());
    }

    public NetworkConfig withBackend(Backend other) {
        return new NetworkConfig(v4, v6, nftables, other, extra);
    }

    /** With another network of its family: with that network's defaults, unless it is the same one. */
    public NetworkConfig withNetwork(Cidr network) {
        Optional<SubnetRange> before = range(network.family());
        if (before.isPresent() && before.get().network().equals(network)) {
            return this;
        }
        Optional<SubnetRange> range = Optional.of(SubnetRange.of(network));
        return network.isV4() ? new NetworkConfig(range, v6, nftables, backend, extra) : new NetworkConfig(v4, range, nftables, backend, extra);
    }

    /**
     * This config as a change of {@code current}: what it does not speak of is kept, such as unknown fields, and the subnet length
     * and bounds of a network that stays the same.
     */
    public NetworkConfig over(NetworkConfig current) {
        return new NetworkConfig(over(v4, current.v4), over(v6, current.v6), nftables || current.nftables,
                backend.extra().isEmpty() ? backend.withExtra(current.backend.extra()) : backend,
                extra.isEmpty() ? current.extra : extra);
    }

    private static Optional<SubnetRange> over(Optional<SubnetRange> wanted, Optional<SubnetRange> current) {
        boolean same = wanted.isPresent() && current.isPresent()
                && wanted.get().network().equals(current.get().network())
                && wanted.get().equals(SubnetRange.of(wanted.get().network()));
        return same ? current : wanted;
    }

    @Override
    public String toString() {
        return text();
    }
}
