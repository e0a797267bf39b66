package io.canal.agent;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Ip;
import io.canal.model.calico.EndpointNames;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the addresses of the host's own interfaces: host endpoints are found by them. Pods' interfaces are left out. */
final class HostAddresses implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(HostAddresses.class);

    /** Changes come in bursts. */
    private static final long CALM_MILLIS = 20;

    private final Rtnl rtnl;
    private final Consumer<Map<String, Set<Ip>>> found;
    private final Looks looks;
    private final Set<Integer> pods = ConcurrentHashMap.newKeySet();
    private Map<String, Set<Ip>> last = Map.of();

    /**
     * Opens a socket in the calling thread's network namespace.
     *
     * @param found told of the addresses by interface, by {@link #start} and then on a thread of its own
     */
    HostAddresses(Consumer<Map<String, Set<Ip>>> found) throws KernelException {
        this.rtnl = Rtnl.open();
        this.found = found;
        this.looks = new Looks("host addresses", CALM_MILLIS, this::look, rtnl::close);
    }

    /** Looks now, on the calling thread, and follows from then on. */
    void start() {
        looks.start();
    }

    /** Something may have changed that nothing told of. */
    void suspect() {
        looks.want();
    }

    /** The kernel could not tell of everything: an index that was a pod's may be another link's by now. */
    void missed() {
        pods.clear();
        looks.want();
    }

    /** The kernel has told of this. */
    void heard(RtnlEvent event) {
        boolean concerns = switch (event) {
            case RtnlEvent.LinkChanged(Link link, boolean gone, _) -> {
                boolean ofPod = link.name().startsWith(EndpointNames.PREFIX);
                if (ofPod && !gone) {
                    pods.add(link.index());
                } else {
                    pods.remove(link.index());
                }
                yield !ofPod;
            }
            case RtnlEvent.AddressChanged(Address address, _, _) -> !pods.contains(address.link());
            case RtnlEvent.RouteChanged _, RtnlEvent.NeighbourChanged _, RtnlEvent.FdbChanged _ -> false;
        };
        if (concerns) {
            looks.want();
        }
    }

    @Override
    public void close() {
        looks.close();
    }

    /** Whether the kernel could be asked. */
    private boolean look() {
        try {
            Map<Integer, String> names = new HashMap<>();
            rtnl.links().stream().filter(link -> !link.name().startsWith(EndpointNames.PREFIX)).forEach(link -> names.put(link.index(), link.name()));
            Map<String, Set<Ip>> now = new HashMap<>();
            names.values().forEach(name -> now.put(name, new HashSet<>()));
            for (Address address : rtnl.addresses(0)) {
                String name = names.get(address.link());
                if (name != null) {
                    now.computeIfAbsent(name, _ -> new HashSet<>()).add(address.address().address());
                }
            }
            if (!now.equals(last)) {
                last = now;
                found.accept(now);
            }
            return true;
        } catch (KernelException failure) {
            log.warn("the host's addresses could not be read: {}", failure.getMessage());
            return false;
        }
    }
}
