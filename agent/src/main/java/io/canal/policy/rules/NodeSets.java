package io.canal.policy.rules;

import io.canal.policy.AddressSet;
import io.canal.ruleset.NamedSet;

/** Sets that have a fixed name. */
final class NodeSets {

    /** The pools of pods' addresses. */
    static final AddressSet POOLS = new AddressSet("network-ip-pools", NamedSet.Kind.NET);
    /** Those with natOutgoing. */
    static final AddressSet MASQUERADED_POOLS = new AddressSet("masq-ipam-pools", NamedSet.Kind.NET);
    /** The addresses of this node. */
    static final AddressSet THIS_HOST = new AddressSet("this-host", NamedSet.Kind.HOST_ADDRESS);
    /** The addresses of all nodes. */
    static final AddressSet ALL_HOSTS = new AddressSet("all-hosts-net", NamedSet.Kind.ADDRESS);
    /** The pods whose packets get a code point. */
    static final AddressSet CODE_POINTS = new AddressSet("dscp-src-net", NamedSet.Kind.ADDRESS);
    /** The nodes from which this one takes packets of the overlay. */
    static final AddressSet OVERLAY_PEERS = new AddressSet("all-vxlan-net", NamedSet.Kind.ADDRESS);

    private NodeSets() {}
}
