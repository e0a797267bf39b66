package io.canal.policy;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.PortRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A rule of a policy or profile with sets in the place of selectors and named ports. All that is given must hold.
 *
 * @param ipVersion the only family that the rule is for; empty: both
 * @param annotations as the rule's metadata has them, in key order
 */
public record ResolvedRule(
        Verdict action,
        Optional<Family> ipVersion,
        Optional<Proto> protocol,
        Optional<Proto> notProtocol,
        Optional<Icmp> icmp,
        Optional<Icmp> notIcmp,
        End source,
        End destination,
        Map<String, String> annotations) {

    /** What the rule says of a packet that it matches. */
    public enum Verdict {
        ALLOW,
        DENY,
        LOG,
        PASS
    }

    /**
     * An IP protocol.
     *
     * @param named whether the policy gave it by its name
     */
    public record Proto(int number, boolean named) {}

    /** @param code -1 for any */
    public record Icmp(int type, int code) {}

    /**
     * One end of the packet. Lists of what must match are of two kinds: in {@code nets}, and in ports with named ports together, one
     * member must match; in {@code sets} all must. Of what must not match, none may.
     *
     * @param nets one of them, where there are any; both families may be among them
     * @param sets all of them
     * @param ports one of them, or of {@code namedPorts}, where there are any of either
     * @param namedPorts sets of address, protocol and port
     */
    public record End(
            List<Cidr> nets,
            List<Cidr> notNets,
            List<AddressSet> sets,
            List<AddressSet> notSets,
            List<PortRange> ports,
            List<AddressSet> namedPorts,
            List<PortRange> notPorts,
            List<AddressSet> notNamedPorts) {

        /** Any packet. */
        public static final End ANY = new End(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

        public End {
            nets = List.copyOf(nets);
            notNets = List.copyOf(notNets);
            sets = List.copyOf(sets);
            notSets = List.copyOf(notSets);
            ports = List.copyOf(ports);
            namedPorts = List.copyOf(namedPorts);
            notPorts = List.copyOf(notPorts);
            notNamedPorts = List.copyOf(notNamedPorts);
        }
    }
}
