package io.canal.policy.calc;

import io.canal.model.calico.PolicyProtocol;
import io.canal.policy.selector.Selector;
import io.canal.ruleset.NamedSet;
import java.util.Optional;

/**
 * What a set is made of. Two with the same id are the same set.
 *
 * @param id Felix's unique id, whole
 * @param selector what its members are selected by; empty for a service, of which etcd knows nothing: the set has no members
 * @param port the named port whose addresses and numbers are the members; empty: the addresses themselves
 */
record SetKey(String id, Optional<Selector> selector, Optional<NamedPort> port) {

    /** @param protocol its number, or {@link #ANY_PROTOCOL} */
    record NamedPort(String name, int protocol) {

        static final int ANY_PROTOCOL = -1;
    }

    static SetKey selected(Selector selector) {
        return new SetKey(selector.id(), Optional.of(selector), Optional.empty());
    }

    static SetKey namedPort(Selector selector, Optional<PolicyProtocol> protocol, String name) {
        return new SetKey(selector.namedPortId(protocol, name), Optional.of(selector),
                Optional.of(new NamedPort(name, protocol.map(PolicyProtocol::number).orElse(NamedPort.ANY_PROTOCOL))));
    }

    /** A service with its ports, or its addresses only. */
    static SetKey service(String namespace, String name, boolean ports) {
        return new SetKey(Selector.serviceId(ports, namespace, name), Optional.empty(),
                ports ? Optional.of(new NamedPort("", NamedPort.ANY_PROTOCOL)) : Optional.empty());
    }

    NamedSet.Kind firstKind() {
        return port.isPresent() ? NamedSet.Kind.ADDRESS_PORT : NamedSet.Kind.ADDRESS;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SetKey key && key.id.equals(id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }
}
