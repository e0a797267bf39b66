package io.canal.config;

import java.util.Locale;

/** Whether the tunnels leave the checksums of what they send to the network card. */
public enum TxChecksum {
    /** On, but on a kernel that is known to compute wrong ones. */
    AUTO,
    ON,
    OFF;

    /** The word in options and files. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
