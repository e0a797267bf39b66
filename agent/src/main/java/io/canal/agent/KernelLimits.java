package io.canal.agent;

import io.canal.config.TxChecksum;
import io.canal.kernel.sysctl.KernelFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What of the kernel around us limits or endangers the pods' traffic, in sentences: tables that are nearly full, offloads that are off, forged sources. */
final class KernelLimits {

    /** From this part on a table counts as nearly full. */
    private static final double NEARLY = 0.9;
    /** Of {@code rp_filter}: a source counts as true if there is a route to it at all. */
    private static final long LOOSE = 2;

    private final Path proc;

    /** @param proc where the kernel tells of itself: {@code /proc} */
    KernelLimits(Path proc) {
        this.proc = proc;
    }

    /** What is worth a note now. The counts themselves are left out: each would be news to be told. */
    List<String> notes(TxChecksum option, boolean broken, String release, boolean ignoreLooseRpf) {
        List<String> notes = new ArrayList<>();
        Optional<Long> flows = number("sys/net/netfilter/nf_conntrack_count");
        Optional<Long> most = number("sys/net/netfilter/nf_conntrack_max");
        if (nearly(flows, most)) {
            notes.add("Connection tracking is nearly full: at least 90 % of " + most.get()
                    + " connections; beyond that new ones are dropped. Raise the sysctl net.netfilter.nf_conntrack_max.");
        }
        neighbours("arp_cache", "ipv4").ifPresent(notes::add);
        neighbours("ndisc_cache", "ipv6").ifPresent(notes::add);
        if (option == TxChecksum.AUTO && broken) {
            notes.add("The checksum offload of the tunnels is off, as kernel " + release + " is known to send wrong checksums with it;"
                    + " the option tx-checksum=on switches it on.");
        }
        if (!ignoreLooseRpf && number("sys/net/ipv4/conf/all/rp_filter").filter(mode -> mode == LOOSE).isPresent()) {
            notes.add("The reverse path filter is loose (net.ipv4.conf.all.rp_filter is 2): the kernel lets forged sources in by the node's other"
                    + " interfaces; those of pods canal's own rules drop. Set the sysctl to 1 or 0, or the option ignore-loose-rpf=true where it has to be so.");
        }
        return notes;
    }

    /** The table is one for the whole machine; the kernel's own count of it is hexadecimal. */
    private Optional<String> neighbours(String table, String family) {
        Optional<Long> entries = text("net/stat/" + table).flatMap(text -> text.lines().skip(1).findFirst())
                .map(line -> Long.parseLong(line.strip().split("\\s+")[0], 16));
        Optional<Long> most = number("sys/net/" + family + "/neigh/default/gc_thresh3");
        return nearly(entries, most)
                ? Optional.of("The neighbour table is nearly full: at least 90 % of " + most.orElseThrow() + " entries; beyond that pods and"
                        + " nodes are not reached. Raise the sysctls net." + family + ".neigh.default.gc_thresh1, gc_thresh2 and gc_thresh3.")
                : Optional.empty();
    }

    private static boolean nearly(Optional<Long> count, Optional<Long> most) {
        return count.isPresent() && most.filter(limit -> limit > 0 && count.get() >= limit * NEARLY).isPresent();
    }

    private Optional<Long> number(String name) {
        return text(name).map(String::strip).filter(text -> text.matches("\\d{1,18}")).map(Long::valueOf);
    }

    /** Empty where the kernel has no such thing, or only shows it in the machine's first network namespace. */
    private Optional<String> text(String name) {
        try {
            return Optional.of(KernelFile.read(proc.resolve(name)));
        } catch (IOException absent) {
            return Optional.empty();
        }
    }
}
