package io.canal.config;

import java.util.Locale;

/** Which packet-filter dataplane is wanted. */
public enum DataplaneOption {
    /** The one that fits the node: that of kube-proxy, else the last choice, else nftables where it is usable. */
    AUTO,
    NFTABLES,
    IPTABLES;

    /** The word in options and files. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
