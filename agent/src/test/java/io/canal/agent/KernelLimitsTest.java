package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.config.TxChecksum;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelLimitsTest {

    @TempDir
    Path proc;

    @Test
    void tables_that_are_nearly_full_are_named_with_the_sysctl_that_helps() throws IOException {
        file("sys/net/netfilter/nf_conntrack_count", "236000\n");
        file("sys/net/netfilter/nf_conntrack_max", "262144\n");
        file("net/stat/arp_cache", "entries  allocs   destroys\n000003f0  00000000 00000000\n000003f0  00000000 00000000\n");
        file("sys/net/ipv4/neigh/default/gc_thresh3", "1024\n");
        file("net/stat/ndisc_cache", "entries  allocs   destroys\n00000010  00000000 00000000\n");
        file("sys/net/ipv6/neigh/default/gc_thresh3", "1024\n");
        assertEquals(List.of(
                "Connection tracking is nearly full: at least 90 % of 262144 connections; beyond that new ones are dropped."
                        + " Raise the sysctl net.netfilter.nf_conntrack_max.",
                "The neighbour table is nearly full: at least 90 % of 1024 entries; beyond that pods and nodes are not reached."
                        + " Raise the sysctls net.ipv4.neigh.default.gc_thresh1, gc_thresh2 and gc_thresh3."),
                new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false));
    }

    @Test
    void one_connection_more_is_no_news() throws IOException {
        file("sys/net/netfilter/nf_conntrack_max", "262144\n");
        file("sys/net/netfilter/nf_conntrack_count", "236000\n");
        List<String> before = new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false);
        file("sys/net/netfilter/nf_conntrack_count", "236001\n");
        assertEquals(before, new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false));
    }

    @Test
    void a_quiet_kernel_and_one_that_tells_nothing_have_no_notes() throws IOException {
        assertEquals(List.of(), new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false));
        file("sys/net/netfilter/nf_conntrack_count", "5\n");
        file("sys/net/netfilter/nf_conntrack_max", "0\n");
        assertEquals(List.of(), new KernelLimits(proc).notes(TxChecksum.ON, true, "5.4.0", false));
    }

    @Test
    void an_offload_that_is_off_by_itself_is_said() {
        assertEquals(List.of("The checksum offload of the tunnels is off, as kernel 5.4.0 is known to send wrong checksums with it;"
                + " the option tx-checksum=on switches it on."), new KernelLimits(proc).notes(TxChecksum.AUTO, true, "5.4.0", false));
    }

    @Test
    void a_loose_path_filter_is_said_unless_the_option_says_that_it_has_to_be_so() throws IOException {
        file("sys/net/ipv4/conf/all/rp_filter", "2\n");
        assertEquals(List.of("The reverse path filter is loose (net.ipv4.conf.all.rp_filter is 2): the kernel lets forged sources in by the node's other"
                + " interfaces; those of pods canal's own rules drop. Set the sysctl to 1 or 0, or the option ignore-loose-rpf=true where it has to be so."),
                new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false));
        assertEquals(List.of(), new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", true));
        file("sys/net/ipv4/conf/all/rp_filter", "1\n");
        assertEquals(List.of(), new KernelLimits(proc).notes(TxChecksum.AUTO, false, "6.18.0", false));
    }

    private void file(String name, String text) throws IOException {
        Files.createDirectories(proc.resolve(name).getParent());
        Files.writeString(proc.resolve(name), text);
    }
}
