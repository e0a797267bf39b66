package io.canal.control;

/** The operations of the control socket. */
public final class Op {

    /** The version of the shape of requests and replies. */
    public static final int VERSION = 1;

    /** Gives an {@link AgentStatus}. */
    public static final String STATUS = "status";

    /** Reads {@code agent.yaml} again, and gives an {@link AgentStatus}; refused, and the old one kept, where it is wrong. */
    public static final String RELOAD = "reload";

    /** Writes the node's files anew from their templates; gives {@code digest}. */
    public static final String RENDER = "render";

    /** Puts {@code network} as the network's configuration; gives {@code spooled}: whether it waits for etcd. */
    public static final String PUT_NETWORK = "put-network";

    /** Gives {@code leases}: a list of {subnet, public-ip, node, unit, expires, holder, own, session}. */
    public static final String LEASES = "leases";

    /** Releases {@code subnet} of a node that is gone. */
    public static final String RELEASE_LEASE = "release-lease";

    /** Releases what {@code unit}, which is gone, held. */
    public static final String UNIT_GONE = "unit-gone";

    /** Gives {@code revision}: etcd's, up to which the policies are in the kernel; 0 while it is not known which hold. */
    public static final String POLICY_REVISION = "policy-revision";

    /**
     * What the kernel's rules of this node do with the first packet of a connection. Takes {@code source} and {@code destination}
     * (addresses, or pods of this node, whose address is of IPv6 where {@code v4} is false), {@code protocol}, {@code source-port}, {@code destination-port}, {@code icmp-type}; and {@code in} and {@code out} (interfaces, one
     * may be empty), without which the node's routes say them.
     *
     * <p>Gives {@code node}, {@code dataplane}, {@code in}, {@code out}, {@code through}; {@code rule}, the chain and comment of the rule that
     * decided; {@code rules}, those of policies that the packet met and those that ended its way: a list of {chain, rule, comment, sets,
     * packets, bytes, kind, namespace, name, direction, index, action}, of which the last six say which rule of which policy it is;
     * {@code interfaces}, the addresses of both interfaces; and of what is in force {@code to-host}, {@code failsafe-inbound},
     * {@code failsafe-outbound} (lists of {protocol, net, port}), {@code guarded-ports}, {@code service-blocks}, {@code spoofing};
     * and {@code earlier}, the keys of etcd of which an earlier version is in force, as their values are not as they must be.
     */
    public static final String VERDICT = "verdict";

    /**
     * What the policies that govern endpoints of this node have met; takes {@code policy}: NAME or NAMESPACE/NAME of the only one, or
     * nothing. Gives {@code dataplane} and {@code policies}: a list of {kind, namespace, name, tier, direction, endpoints, rules, note},
     * rules a list of {index, action, packets, bytes}, the last two left out, and a note given, where the kernel's rules are others.
     */
    public static final String POLICIES = "policies";

    /** Mends what is wrong; takes {@code dry-run}, {@code allow-renumber}, {@code accept-etcd}; gives {@code plan}, {@code done}, {@code left}. */
    public static final String REPAIR = "repair";

    /** Gives up the subnet, removes everything of canal's from the node, and exits; gives {@code left}: what could not be removed. */
    public static final String LEAVE = "leave";

    private Op() {}
}
