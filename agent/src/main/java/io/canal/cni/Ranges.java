package io.canal.cni;

import io.canal.ipam.AddressRange;
import io.canal.ipam.RangeSet;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.IpPrefix;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.IpamConfig;
import io.canal.model.cni.PluginConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The ranges that a pod gets its addresses from: those of the configuration, which have to lie in our lease. */
final class Ranges {

    private static final String HOST_LOCAL = "host-local";

    private Ranges() {}

    static List<RangeSet> of(PluginConfig config, List<Cidr> lease) throws CniRefused {
        IpamConfig ipam = config.ipam().orElseThrow(() -> new CniRefused(CniError.INVALID_CONFIGURATION,
                "the network configuration has no ipam.type, expected " + HOST_LOCAL));
        if (!ipam.type().equals(HOST_LOCAL)) {
            throw new CniRefused(CniError.INVALID_CONFIGURATION, "the network configuration: ipam.type is \"" + ipam.type() + "\", expected " + HOST_LOCAL);
        }
        List<RangeSet> sets = new ArrayList<>();
        for (List<IpamConfig.Range> written : config.ranges()) {
            List<AddressRange> ranges = new ArrayList<>();
            for (IpamConfig.Range range : written) {
                Cidr subnet = subnet(range, lease);
                ranges.add(good(AddressRange.of(subnet, range.start(), range.end(), range.gateway())));
            }
            sets.add(apart(good(RangeSet.of(ranges)), sets));
        }
        if (sets.isEmpty()) {
            throw new CniRefused(CniError.INVALID_CONFIGURATION, "the network configuration: ipam has neither subnet nor ranges");
        }
        return sets;
    }

    /** One address is taken from each set: two that overlap would give a pod two of one subnet. */
    private static RangeSet apart(RangeSet set, List<RangeSet> before) throws CniRefused {
        for (RangeSet other : before) {
            if (set.overlaps(other)) {
                throw new CniRefused(CniError.INVALID_CONFIGURATION, "the network configuration: range set " + set + " overlaps with " + other
                        + ", expected sets that have no address in common");
            }
        }
        return set;
    }

    /** The lease is the truth. A subnet that is written with the gateway's address, as {@code 10.1.49.1/24}, is the same subnet. */
    private static Cidr subnet(IpamConfig.Range range, List<Cidr> lease) throws CniRefused {
        Optional<Cidr> ours = lease.stream().filter(subnet -> subnet.family() == range.family()).findFirst();
        Optional<Cidr> named = range.subnet().map(IpPrefix::cidr);
        if (ours.isEmpty() || named.isPresent() && !named.equals(ours)) {
            String leased = lease.stream().map(Cidr::toString).collect(Collectors.joining(", "));
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "the network configuration names subnet "
                    + named.map(Cidr::toString).orElse("usePodCidr of " + range.family()) + ", but this node's lease is " + leased,
                    "the agent mends its own conflist; the unit's action check-subnets says which file is wrong"));
        }
        return ours.get();
    }

    private static <T> T good(Decoded<T> decoded) throws CniRefused {
        return switch (decoded) {
            case Good<T>(T value) -> value;
            case Bad<T>(var problem) -> throw new CniRefused(CniError.of(problem));
        };
    }
}
