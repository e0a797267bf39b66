package io.canal.kernel.netlink;

import io.canal.kernel.libc.KernelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Hears of all changes of links, addresses, routes, neighbours and forwarding entries in one network namespace. */
public final class RtnlMonitor implements AutoCloseable {

    private static final int RTNLGRP_LINK = 1;
    private static final int RTNLGRP_NEIGH = 3;
    private static final int RTNLGRP_IPV4_IFADDR = 5;
    private static final int RTNLGRP_IPV4_ROUTE = 7;
    private static final int RTNLGRP_IPV6_IFADDR = 9;
    private static final int RTNLGRP_IPV6_ROUTE = 11;
    private static final List<Integer> GROUPS = List.of(RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
            RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE);

    private final NetlinkMonitor monitor;

    private RtnlMonitor(NetlinkMonitor monitor) {
        this.monitor = monitor;
    }

    /**
     * Listens in the calling thread's network namespace, to all that happens after this returns.
     *
     * @param heard told of events, on the monitor's thread; those that wait together in one call
     * @param missed told that the kernel dropped some, and that everything must be looked at anew
     */
    public static RtnlMonitor open(Consumer<List<RtnlEvent>> heard, Runnable missed) throws KernelException {
        return open(0, heard, missed);
    }

    /**
     * As {@link #open(Consumer, Runnable)}, but the routes, neighbours and forwarding entries that one socket asked for are passed over
     * unread: who makes thousands of them knows.
     *
     * @param known the socket's port; 0 for none
     */
    public static RtnlMonitor open(int known, Consumer<List<RtnlEvent>> heard, Runnable missed) throws KernelException {
        return new RtnlMonitor(NetlinkMonitor.open("route-events", NetlinkSocket.NETLINK_ROUTE, GROUPS, new NetlinkMonitor.Listener() {

            @Override
            public void heard(List<Received> notifications) {
                List<RtnlEvent> events = new ArrayList<>(notifications.size());
                for (Received notification : notifications) {
                    if (known != 0 && notification.sender() == known && isOfMany(notification.type())) {
                        continue;
                    }
                    Optional<RtnlEvent> event = RtnlEvent.parse(notification);
                    event.ifPresent(events::add);
                }
                if (!events.isEmpty()) {
                    heard.accept(events);
                }
            }

            @Override
            public void missed() {
                missed.run();
            }
        }));
    }

    private static boolean isOfMany(int type) {
        return type == Route.RTM_NEWROUTE || type == Route.RTM_DELROUTE || type == Neighbour.RTM_NEWNEIGH || type == Neighbour.RTM_DELNEIGH;
    }

    @Override
    public void close() {
        monitor.close();
    }
}
