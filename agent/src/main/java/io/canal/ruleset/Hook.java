package io.canal.ruleset;

/** The places on a packet's way through the kernel; {@link #name()} is the kernel chain's name in iptables. */
public enum Hook {
    PREROUTING,
    INPUT,
    FORWARD,
    OUTPUT,
    POSTROUTING
}
