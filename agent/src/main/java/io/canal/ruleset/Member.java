package io.canal.ruleset;

import io.canal.model.Cidr;
import io.canal.model.Ip;

/**
 * A member of a set: an address or a block, with a protocol and a port in sets of {@link NamedSet.Kind#ADDRESS_PORT}.
 *
 * @param net the block; a single address is a block of its own
 * @param protocol the IP protocol's number, -1 where the set has none
 * @param port the port, -1 where the set has none
 */
public record Member(Cidr net, int protocol, int port) {

    public static Member of(Ip address) {
        return of(Cidr.containing(address, address.family().bits()));
    }

    public static Member of(Cidr net) {
        return new Member(net, -1, -1);
    }

    public static Member of(Ip address, int protocol, int port) {
        return new Member(Cidr.containing(address, address.family().bits()), protocol, port);
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof Member that && protocol == that.protocol && port == that.port && net.equals(that.net);
    }

    @Override
    public int hashCode() {
        return (net.hashCode() * 31 + protocol) * 31 + port;
    }

    public boolean hasPort() {
        return port >= 0;
    }
}
