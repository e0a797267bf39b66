package io.canal.story;

import io.canal.lab.Host;
import java.util.ArrayList;
import java.util.List;

/** Which packet filters of a host hold rules of ours. */
final class PacketFilters {

    private PacketFilters() {}

    static List<String> of(Host host) {
        List<String> used = new ArrayList<>();
        String iptables = host.program("iptables-save").must();
        if (iptables.contains("FLANNEL-") || iptables.contains("cali-")) {
            used.add("iptables");
        }
        if (host.program("nft", "list", "tables").must().contains("table inet canal")) {
            used.add("nftables");
        }
        return used;
    }
}
