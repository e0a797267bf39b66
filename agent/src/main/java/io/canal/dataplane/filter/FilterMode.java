package io.canal.dataplane.filter;

import java.util.Locale;
import java.util.Optional;

/** What the operator asks for: option {@code dataplane}. */
public enum FilterMode {
    AUTO,
    NFTABLES,
    IPTABLES;

    /** Reads {@code auto}, {@code nftables} or {@code iptables}. */
    public static Optional<FilterMode> parse(String text) {
        for (FilterMode mode : values()) {
            if (mode.text().equals(text)) {
                return Optional.of(mode);
            }
        }
        return Optional.empty();
    }

    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
