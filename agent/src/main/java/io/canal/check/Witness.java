package io.canal.check;

import java.util.Locale;

/** A place that says which subnet this node has. */
public enum Witness {
    LEASE,
    SUBNET_ENV,
    CONFLIST,
    DEVICE,
    PODS,
    RULES;

    /** Its name in results. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
