package io.canal.files;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The content of {@code /run/flannel/subnet.env}, as flannel's own consumers read it.
 *
 * @param mtu the pods' MTU
 * @param ipMasq whether traffic that leaves the network is masqueraded by us
 */
public record SubnetEnv(Optional<Net> v4, Optional<Net> v6, int mtu, boolean ipMasq) {

    /**
     * One family.
     *
     * @param network the pods' network, such as {@code 10.1.0.0/16}
     * @param subnet this node's part of it, with the first host's bits, such as {@code 10.1.49.1/24}
     */
    public record Net(Cidr network, IpPrefix subnet) {

        /** From a lease's subnet, whose host bits are zero. */
        public static Net of(Cidr network, Cidr subnet) {
            return new Net(network, new IpPrefix(subnet.at(1), subnet.length()));
        }
    }

    /** Reads the file's text: lines {@code NAME=value}, in any order; unknown names, comments and blank lines are passed over. */
    public static Decoded<SubnetEnv> parse(String where, String text) {
        Map<String, String> lines = new HashMap<>();
        for (String line : text.lines().toList()) {
            String stripped = line.strip();
            if (stripped.isEmpty() || stripped.startsWith("#")) {
                continue;
            }
            int equals = stripped.indexOf('=');
            if (equals < 1) {
                return Decoded.bad(where, "", stripped, "a line NAME=value");
            }
            lines.put(stripped.substring(0, equals).strip(), unquoted(stripped.substring(equals + 1).strip()));
        }
        return net(where, lines, "FLANNEL_NETWORK", "FLANNEL_SUBNET", Family.V4)
                .then(v4 -> net(where, lines, "FLANNEL_IPV6_NETWORK", "FLANNEL_IPV6_SUBNET", Family.V6)
                        .then(v6 -> whole(where, lines, v4, v6)));
    }

    private static Decoded<SubnetEnv> whole(String where, Map<String, String> lines, Optional<Net> v4, Optional<Net> v6) {
        if (v4.isEmpty() && v6.isEmpty()) {
            return Decoded.bad(where, "FLANNEL_SUBNET", "", "a subnet such as 10.1.49.1/24");
        }
        String mtu = lines.getOrDefault("FLANNEL_MTU", "");
        if (!mtu.matches("[0-9]{1,5}")) {
            return Decoded.bad(where, "FLANNEL_MTU", mtu, "a number");
        }
        String ipMasq = lines.getOrDefault("FLANNEL_IPMASQ", "");
        if (!ipMasq.equals("true") && !ipMasq.equals("false")) {
            return Decoded.bad(where, "FLANNEL_IPMASQ", ipMasq, "true or false");
        }
        return Decoded.good(new SubnetEnv(v4, v6, Integer.parseInt(mtu), ipMasq.equals("true")));
    }

    private static Decoded<Optional<Net>> net(String where, Map<String, String> lines, String network, String subnet, Family family) {
        String networkText = lines.get(network);
        String subnetText = lines.get(subnet);
        if (networkText == null && subnetText == null) {
            return Decoded.good(Optional.empty());
        }
        Optional<IpPrefix> block = IpPrefix.parse(networkText == null ? "" : networkText).filter(prefix -> prefix.address().family() == family);
        if (block.isEmpty()) {
            return Decoded.bad(where, network, networkText == null ? "" : networkText, "one " + (family == Family.V4 ? "IPv4" : "IPv6") + " network");
        }
        Optional<IpPrefix> own = IpPrefix.parse(subnetText == null ? "" : subnetText).filter(prefix -> prefix.address().family() == family);
        if (own.isEmpty()) {
            return Decoded.bad(where, subnet, subnetText == null ? "" : subnetText, "one " + (family == Family.V4 ? "IPv4" : "IPv6") + " subnet");
        }
        return Decoded.good(Optional.of(new Net(block.get().cidr(), own.get())));
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && (value.startsWith("\"") && value.endsWith("\"") || value.startsWith("'") && value.endsWith("'"));
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
