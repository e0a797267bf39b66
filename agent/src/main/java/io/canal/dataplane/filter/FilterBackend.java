package io.canal.dataplane.filter;

import io.canal.kernel.iptables.IptablesBackend;
import java.util.Optional;

/** What carries the rules. */
enum FilterBackend {
    NFTABLES("nftables"),
    IPTABLES_NFT(IptablesBackend.NFT.text()),
    IPTABLES_LEGACY(IptablesBackend.LEGACY.text());

    private final String text;

    FilterBackend(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    static Optional<FilterBackend> parse(String text) {
        for (FilterBackend backend : values()) {
            if (backend.text.equals(text)) {
                return Optional.of(backend);
            }
        }
        return Optional.empty();
    }

    static FilterBackend of(IptablesBackend iptables) {
        return iptables == IptablesBackend.NFT ? IPTABLES_NFT : IPTABLES_LEGACY;
    }

    boolean isIptables() {
        return this != NFTABLES;
    }

    /** The back end of iptables. */
    IptablesBackend iptables() {
        return switch (this) {
            case IPTABLES_NFT -> IptablesBackend.NFT;
            case IPTABLES_LEGACY -> IptablesBackend.LEGACY;
            case NFTABLES -> throw new IllegalStateException("nftables is not iptables");
        };
    }
}
