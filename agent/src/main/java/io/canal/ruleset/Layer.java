package io.canal.ruleset;

import java.util.Locale;

/** What a chain is about: the tables of iptables, and the priorities of nftables at which their work is done. */
public enum Layer {
    RAW,
    MANGLE,
    NAT,
    FILTER;

    /** The table's name in iptables, such as {@code filter}; also the prefix of the chain's name in nftables. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
