package io.canal.kernel.nftables;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Attributes;
import io.canal.kernel.netlink.NetlinkMonitor;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Tells of the changes that others make to nf_tables in this namespace, by the tables and chains that they touch; iptables-nft is such a one.
 */
public final class NftablesMonitor implements AutoCloseable {

    private final NetlinkMonitor monitor;

    /** Hears of changes, on the monitor's thread. */
    public interface Listener {

        /** Others changed something. */
        void changed(Touched touched);

        /** Word was lost: anything may have changed. */
        void missed();
    }

    /**
     * What others changed.
     *
     * @param tables those in which they changed anything, each as family number and name, such as {@code 1 canal}
     * @param chains those that came, went or have other rules, as family number, table and name; the name is empty where a whole table
     *     came or went
     * @param generation the number of the last of the changes
     */
    public record Touched(Set<String> tables, Set<String> chains, int generation) {}

    private NftablesMonitor(NetlinkMonitor monitor) {
        this.monitor = monitor;
    }

    /**
     * Starts to listen in the calling thread's network namespace.
     *
     * @param own the ports of the sockets whose changes are not told
     */
    public static NftablesMonitor open(IntPredicate own, Listener listener) throws KernelException {
        return new NftablesMonitor(NetlinkMonitor.open("nftables-monitor", NetlinkSocket.NETLINK_NETFILTER,
                List.of(Nf.MULTICAST_GROUP), new Sorter(own, listener)));
    }

    private static final class Sorter implements NetlinkMonitor.Listener {

        private final IntPredicate own;
        private final Listener listener;
        private final Set<String> tables = new HashSet<>();
        private final Set<String> chains = new HashSet<>();

        Sorter(IntPredicate own, Listener listener) {
            this.own = own;
            this.listener = listener;
        }

        @Override
        public void heard(List<Received> notifications) {
            int generation = 0;
            for (Received message : notifications) {
                if (own.test(message.sender()) || message.type() >> 8 != Nf.SUBSYSTEM) {
                    continue;
                }
                int command = message.type() & 255;
                Attributes attributes = message.attributes(Nf.HEADER);
                if (command == Nf.NEWGEN) {
                    generation = attributes.be32(Nf.GEN_ID, 0);
                    continue;
                }
                // The table's name is attribute 1 of every kind of object.
                String table = message.u8(0) + " " + attributes.string(Nf.TABLE_NAME, "");
                tables.add(table);
                switch (command) {
                    case Nf.NEWRULE, Nf.DELRULE -> chains.add(table + " " + attributes.string(Nf.RULE_CHAIN, ""));
                    case Nf.NEWCHAIN, Nf.DELCHAIN -> chains.add(table + " " + attributes.string(Nf.CHAIN_NAME, ""));
                    case Nf.NEWTABLE, Nf.DELTABLE -> chains.add(table + " ");
                    default -> { }
                }
            }
            if (generation != 0) {
                Touched touched = new Touched(Set.copyOf(tables), Set.copyOf(chains), generation);
                tables.clear();
                chains.clear();
                listener.changed(touched);
            }
        }

        @Override
        public void missed() {
            tables.clear();
            chains.clear();
            listener.missed();
        }
    }

    /** Hears of nothing until {@link #resume}. The kernel writes a message for each rule that comes or goes, where somebody listens. */
    public void pause() throws KernelException {
        monitor.pause();
    }

    /** Hears again. What others changed since {@link #pause} must be looked up. */
    public void resume() throws KernelException {
        monitor.resume();
    }

    @Override
    public void close() {
        monitor.close();
    }
}
