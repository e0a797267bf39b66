package io.canal.dataplane.filter;

import java.util.List;

/**
 * The packet filter after its last pass.
 *
 * @param dataplane {@code nftables}, {@code iptables-nft} or {@code iptables-legacy}; empty before the first pass
 * @param problems sentences for the operator, about what the filter cannot do by itself
 */
public record FilterStatus(String dataplane, List<String> problems) {

    public FilterStatus {
        problems = List.copyOf(problems);
    }
}
