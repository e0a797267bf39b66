package io.canal.lease;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.model.SubnetRange;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Whether the network config may be changed while nodes have subnets of it. */
public final class NetworkConfigChange {

    private NetworkConfigChange() {}

    /**
     * Refuses what would leave nodes outside the network: a block, subnet length or bounds that their subnets do not fit, or a family
     * less. A family more, another backend, VNI, port or MTU may come at any time.
     *
     * @param current the config that is in force; empty where there is none
     * @param inUse the subnets of all leases and holders
     * @return why not, as a sentence; empty where it may be
     */
    public static Optional<String> check(Optional<NetworkConfig> current, NetworkConfig wanted, Collection<SubnetKey> inUse) {
        for (Family family : Family.values()) {
            Optional<SubnetRange> range = wanted.range(family);
            if (current.isPresent() && current.get().range(family).equals(range)) {
                continue;
            }
            List<SubnetKey> left = inUse.stream()
                    .filter(subnet -> subnet.cidr(family).isPresent())
                    .filter(subnet -> range.isEmpty() || !range.get().fits(subnet.cidr(family).orElseThrow()))
                    .sorted(Comparator.comparing((SubnetKey subnet) -> subnet.cidr(family).orElseThrow()))
                    .toList();
            if (!left.isEmpty()) {
                return Optional.of(sentence(family, current, range, left));
            }
        }
        return Optional.empty();
    }

    private static String sentence(Family family, Optional<NetworkConfig> current, Optional<SubnetRange> range, List<SubnetKey> left) {
        String name = family == Family.V4 ? "IPv4" : "IPv6";
        Cidr first = left.getFirst().cidr(family).orElseThrow();
        String others = left.size() == 1 ? "" : " and " + (left.size() - 1) + " more";
        String change = range.map(to -> "the " + name + " network cannot be changed"
                        + current.flatMap(config -> config.range(family)).map(from -> " from " + describe(from)).orElse("") + " to " + describe(to))
                .orElse(name + " cannot be switched off");
        return change + " while nodes have subnets outside of it: " + first + others
                + "; remove these nodes, or release their subnets with the action release-lease, first";
    }

    private static String describe(SubnetRange range) {
        return range.equals(SubnetRange.of(range.network()))
                ? range.network().toString()
                : range.network() + " (subnets of /" + range.subnetLength() + " from " + range.min() + " to " + range.max() + ")";
    }
}
