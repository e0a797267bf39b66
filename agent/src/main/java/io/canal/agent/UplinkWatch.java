package io.canal.agent;

import io.canal.config.AgentConfig;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Decoded;
import io.canal.network.Uplink;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the uplink: looks anew when links, addresses or default routes changed, and tells when the choice is another. */
final class UplinkWatch implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(UplinkWatch.class);

    /** Changes come in bursts: an address goes and comes back when a lease of DHCP is renewed. */
    private static final long CALM_MILLIS = 200;

    private final Rtnl rtnl;
    private final Supplier<AgentConfig> config;
    private final Consumer<Decoded<Uplink>> chosen;
    private final Looks looks;
    private final Set<Integer> ours = ConcurrentHashMap.newKeySet();
    private Optional<Decoded<Uplink>> last = Optional.empty();

    /**
     * Opens a socket in the calling thread's network namespace.
     *
     * @param chosen told of each choice that differs from the one before, by {@link #look} and then on a thread of the watch's own
     */
    UplinkWatch(Supplier<AgentConfig> config, Consumer<Decoded<Uplink>> chosen) throws KernelException {
        this.rtnl = Rtnl.open();
        this.config = config;
        this.chosen = chosen;
        this.looks = new Looks("uplink", CALM_MILLIS, this::look, rtnl::close);
    }

    /** Chooses now, on the calling thread, and follows from then on. */
    void start() {
        looks.start();
    }

    /** The options have changed. */
    void suspect() {
        looks.want();
    }

    /** The kernel could not tell of everything: an index that was ours may be another link's by now. */
    void missed() {
        ours.clear();
        looks.want();
    }

    /** The kernel has told of this. */
    void heard(RtnlEvent event) {
        boolean concerns = switch (event) {
            case RtnlEvent.LinkChanged(var link, var gone, _) -> !isOurs(link, gone);
            case RtnlEvent.AddressChanged(var address, _, _) -> !ours.contains(address.link());
            case RtnlEvent.RouteChanged(var route, _, _) -> route.destination().length() == 0;
            case RtnlEvent.NeighbourChanged _, RtnlEvent.FdbChanged _ -> false;
        };
        if (concerns) {
            looks.want();
        }
    }

    /** Our links are remembered, because their addresses name only the index: each new pod gets a link-local one. */
    private boolean isOurs(Link link, boolean gone) {
        boolean is = Uplink.isOwnDevice(link.name());
        if (is && !gone) {
            ours.add(link.index());
        } else {
            ours.remove(link.index());
        }
        return is;
    }

    @Override
    public void close() {
        looks.close();
    }

    /** Whether the kernel could be asked. */
    private boolean look() {
        try {
            AgentConfig now = config.get();
            Decoded<Uplink> choice = UplinkSearch.choose(rtnl, now.iface(), now.publicIp());
            if (!Optional.of(choice).equals(last)) {
                last = Optional.of(choice);
                chosen.accept(choice);
            }
            return true;
        } catch (KernelException failure) {
            log.warn("the uplink could not be looked for: {}", failure.getMessage());
            return false;
        }
    }
}
