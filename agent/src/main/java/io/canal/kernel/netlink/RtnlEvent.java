package io.canal.kernel.netlink;

import java.util.Optional;

/** A change of the route family's objects that the kernel told. */
public sealed interface RtnlEvent {

    /** Whether the object is gone, rather than new or changed. */
    boolean gone();

    /** The port of the socket whose request caused the change; 0 where the kernel does not say. */
    int sender();

    record LinkChanged(Link link, boolean gone, int sender) implements RtnlEvent {}

    record AddressChanged(Address address, boolean gone, int sender) implements RtnlEvent {}

    record RouteChanged(Route route, boolean gone, int sender) implements RtnlEvent {}

    record NeighbourChanged(Neighbour neighbour, boolean gone, int sender) implements RtnlEvent {}

    record FdbChanged(FdbEntry entry, boolean gone, int sender) implements RtnlEvent {}

    /** Empty for notifications of other kinds. */
    static Optional<RtnlEvent> parse(Received message) {
        int sender = message.sender();
        return switch (message.type()) {
            // A bridge tells of its ports in messages of its own family; they are no links that come and go.
            case Link.RTM_NEWLINK, Link.RTM_DELLINK -> message.u8(0) != 0
                    ? Optional.empty()
                    : Optional.of(new LinkChanged(Link.parse(message), message.type() == Link.RTM_DELLINK, sender));
            case Address.RTM_NEWADDR, Address.RTM_DELADDR ->
                    Optional.of(new AddressChanged(Address.parse(message), message.type() == Address.RTM_DELADDR, sender));
            case Route.RTM_NEWROUTE, Route.RTM_DELROUTE ->
                    Route.parse(message).map(route -> new RouteChanged(route, message.type() == Route.RTM_DELROUTE, sender));
            case Neighbour.RTM_NEWNEIGH, Neighbour.RTM_DELNEIGH -> neighbour(message, message.type() == Neighbour.RTM_DELNEIGH, sender);
            default -> Optional.empty();
        };
    }

    private static Optional<RtnlEvent> neighbour(Received message, boolean gone, int sender) {
        if (message.u8(0) == Rtnl.AF_BRIDGE) {
            return FdbEntry.parse(message).map(entry -> new FdbChanged(entry, gone, sender));
        }
        return Neighbour.parse(message).map(neighbour -> new NeighbourChanged(neighbour, gone, sender));
    }
}
