package io.canal.agent;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.SubnetKey;
import io.canal.model.calico.EndpointNames;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether pods use our subnet that the journal does not know: such as another plugin attached before, or whose entry was lost. They
 * too would be cut off by another subnet.
 */
final class UnknownPods implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(UnknownPods.class);

    private final Rtnl rtnl;
    private volatile boolean present;

    /** Opens a socket in the calling thread's network namespace. */
    UnknownPods() throws KernelException {
        this.rtnl = Rtnl.open();
    }

    /** What the last look found; it stays where the kernel cannot be asked. */
    boolean present() {
        return present;
    }

    /**
     * Looks for a host route to a pod's interface; gives whether it is another answer than before.
     *
     * @param own the subnet; while it is not known, all pods count
     */
    synchronized boolean look(Optional<SubnetKey> own) {
        boolean before = present;
        try {
            present = find(own);
        } catch (KernelException failure) {
            log.warn("whether there are pods that canal does not know could not be seen: {}", failure.getMessage());
        }
        return present != before;
    }

    private boolean find(Optional<SubnetKey> own) throws KernelException {
        for (Link link : rtnl.links()) {
            if (!link.name().startsWith(EndpointNames.PREFIX)) {
                continue;
            }
            for (Route route : rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, link.index()))) {
                boolean ofHost = route.destination().length() == route.destination().family().bits() && route.type() == Route.UNICAST;
                if (ofHost && (own.isEmpty() || own.get().cidrs().stream().anyMatch(cidr -> cidr.contains(route.destination().base())))) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void close() {
        rtnl.close();
    }
}
