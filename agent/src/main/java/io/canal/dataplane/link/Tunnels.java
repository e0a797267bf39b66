package io.canal.dataplane.link;

import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** The present tunnels, as the link stage last saw or made them. May be asked from any thread. */
public final class Tunnels {

    private volatile View view = new View(Map.of(), 0);

    /**
     * Both at one moment.
     *
     * @param incarnation another number whenever the kernel may have dropped what hangs on a tunnel: it was made again, or went, or was down
     */
    record View(Map<Family, TunnelState> states, long incarnation) {}

    Tunnels() {}

    /** By family; one that the network does not have is left out. */
    public Map<Family, TunnelState> states() {
        return view.states;
    }

    public long incarnation() {
        return view.incarnation;
    }

    /** The index of a family's tunnel; 0 where it is not there. */
    public int index(Family family) {
        return view.states.get(family) instanceof TunnelState.Ready ready ? ready.index() : 0;
    }

    /** The family of the tunnel with this index. */
    public Optional<Family> family(int index) {
        for (Family family : Family.values()) {
            if (index != 0 && index(family) == index) {
                return Optional.of(family);
            }
        }
        return Optional.empty();
    }

    /** The MACs of the tunnels that are there. */
    public Map<Family, Mac> macs() {
        Map<Family, Mac> macs = new EnumMap<>(Family.class);
        view.states.forEach((family, state) -> {
            if (state instanceof TunnelState.Ready ready) {
                macs.put(family, ready.mac());
            }
        });
        return macs;
    }

    void publish(Map<Family, TunnelState> states) {
        view = new View(Map.copyOf(states), states.equals(view.states) ? view.incarnation : view.incarnation + 1);
    }

    /** What hangs on the tunnels must be looked at anew. */
    void bounced() {
        view = new View(view.states, view.incarnation + 1);
    }
}
