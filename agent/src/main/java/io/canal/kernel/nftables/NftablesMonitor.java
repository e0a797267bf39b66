package io.canal.kernel.nftables;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.NetlinkMonitor;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Tells of the changes that others make to nf_tables in this namespace, by the tables that they touch; iptables-nft is such a one.
 */
public final class NftablesMonitor implements AutoCloseable {

    private final NetlinkMonitor monitor;

    /** Hears of changes, on the monitor's thread. */
    public interface Listener {

        /**
         * Others changed something in these tables, each as family number and name, such as {@code 1 canal}.
         *
         * @param generation the number of the last of the changes
         */
        void changed(Set<String> tables, int generation);

        /** Word was lost: anything may have changed. */
        void missed();
    }

    private NftablesMonitor(NetlinkMonitor monitor) {
        this.monitor = monitor;
    }

    /**
     * Starts to listen in the calling thread's network namespace.
     *
     * @param own the port of the socket whose changes are not told
     */
    public static NftablesMonitor open(IntSupplier own, Listener listener) throws KernelException {
        return new NftablesMonitor(NetlinkMonitor.open("nftables-monitor", NetlinkSocket.NETLINK_NETFILTER,
                List.of(Nf.MULTICAST_GROUP), new Sorter(own, listener)));
    }

    private static final class Sorter implements NetlinkMonitor.Listener {

        private final IntSupplier own;
        private final Listener listener;
        private final Set<String> touched = new HashSet<>();

        Sorter(IntSupplier own, Listener listener) {
            this.own = own;
            this.listener = listener;
        }

        @Override
        public void heard(List<Received> notifications) {
            int generation = 0;
            for (Received message : notifications) {
                if (message.sender() == own.getAsInt() || message.type() >> 8 != Nf.SUBSYSTEM) {
                    continue;
                }
                int command = message.type() & 255;
                if (command == Nf.NEWGEN) {
                    generation = message.attributes(Nf.HEADER).be32(Nf.GEN_ID, 0);
                } else {
                    // The table's name is attribute 1 of every kind of object.
                    touched.add(message.u8(0) + " " + message.attributes(Nf.HEADER).string(Nf.TABLE_NAME, ""));
                }
            }
            if (generation != 0) {
                Set<String> tables = Set.copyOf(touched);
                touched.clear();
                listener.changed(tables, generation);
            }
        }

        @Override
        public void missed() {
            touched.clear();
            listener.missed();
        }
    }

    @Override
    public void close() {
        monitor.close();
    }
}
