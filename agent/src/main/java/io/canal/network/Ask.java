package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Mac;
import java.util.ArrayList;
import java.util.List;

/** One object that a peer asks for. */
sealed interface Ask {

    record ForFarEnd(FarEnd end, Ip remote) implements Ask {}

    record ForNeighbour(Ip address, Mac mac) implements Ask {}

    record ForRoute(Cidr subnet, Hop hop) implements Ask {}

    /** Whether both are about the same object, be it made alike or not. */
    default boolean isOfSameObject(Ask other) {
        return switch (this) {
            case ForFarEnd(FarEnd end, Ip remote) -> other instanceof ForFarEnd that && that.end.equals(end);
            case ForNeighbour(Ip address, Mac mac) -> other instanceof ForNeighbour that && that.address.equals(address);
            case ForRoute(Cidr subnet, Hop hop) -> other instanceof ForRoute that && that.subnet.equals(subnet);
        };
    }

    /** What it takes to reach a peer in these forms. */
    static List<Ask> of(List<Form> forms) {
        List<Ask> asks = new ArrayList<>(3 * forms.size());
        for (Form form : forms) {
            switch (form) {
                case Form.Through(Cidr subnet, Mac mac, Ip remote) -> {
                    asks.add(new ForFarEnd(new FarEnd(subnet.family(), mac), remote));
                    asks.add(new ForNeighbour(subnet.base(), mac));
                    asks.add(new ForRoute(subnet, new Hop.Tunnelled(subnet.base())));
                }
                case Form.Gateway(Cidr subnet, Ip remote) -> asks.add(new ForRoute(subnet, new Hop.Direct(remote)));
                case Form.Unreachable unreachable -> {}
            }
        }
        return asks;
    }
}
