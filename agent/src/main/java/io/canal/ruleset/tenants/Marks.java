package io.canal.ruleset.tenants;

/** The bits of the packet mark, as Felix allots them from the mask 0xffff0000. */
public final class Marks {

    /** A policy or a profile accepted the packet. */
    public static final int ACCEPT = 0x10000;
    /** A policy passed the packet to the next tier. */
    public static final int PASS = 0x20000;
    public static final int DROP = 0x40000;
    public static final int SCRATCH_0 = 0x80000;
    public static final int SCRATCH_1 = 0x100000;
    /** All that is cleared when a packet comes in. */
    public static final int ALL = ACCEPT | PASS | SCRATCH_0 | SCRATCH_1;

    private Marks() {}
}
