package io.canal.bench;

import io.canal.config.DataplaneOption;

/** A way to enforce policy, and what Felix 3.32.1 needs by it on such a machine. */
enum Dataplane {
    NFTABLES("nftables", DataplaneOption.NFTABLES,
            new Yardstick(10, 239, 399, 108, 201, 273, 376, 0.71),
            new Yardstick(1000, 390, 642, 348, 523, 442, 903, 1.27),
            new Yardstick(10_000, 1284, 1609, 1037, 1117, 1301, 2559, 2.06)),
    IPTABLES_NFT("iptables-nft", DataplaneOption.IPTABLES,
            new Yardstick(10, 36, 76, 5.4, 40, 49, 145, 0.82),
            new Yardstick(1000, 55, 109, 5.0, 17, 51, 88, 1.24),
            new Yardstick(10_000, 90, 141, 4.8, 25, 129, 218, 1.67)),
    IPTABLES_LEGACY("iptables-legacy", DataplaneOption.IPTABLES,
            new Yardstick(10, 33, 45, 4.6, 6.5, 39, 52, 0.60),
            new Yardstick(1000, 39, 55, 4.9, 8.2, 50, 66, 0.74),
            // Not recorded: those of the next smaller size.
            new Yardstick(10_000, 39, 55, 4.9, 8.2, 50, 66, 0.74));

    private final String text;
    private final DataplaneOption option;
    private final Yardstick[] yardsticks;

    /** Milliseconds from the put to the first packet, and seconds of a start on an empty kernel, with so many policies. */
    record Yardstick(int policies, double rule, double rule99, double label, double label99, double pod, double pod99, double start) {}

    Dataplane(String text, DataplaneOption option, Yardstick... yardsticks) {
        this.text = text;
        this.option = option;
        this.yardsticks = yardsticks;
    }

    /** As canal's status calls it. */
    String text() {
        return text;
    }

    DataplaneOption option() {
        return option;
    }

    Yardstick yardstick(int policies) {
        for (Yardstick each : yardsticks) {
            if (each.policies >= policies) {
                return each;
            }
        }
        return yardsticks[yardsticks.length - 1];
    }
}
