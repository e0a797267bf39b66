package io.canal.ruleset;

/** What conntrack says of a packet; the bits are those of nf_tables ({@code NF_CT_STATE_BIT}). */
public enum CtState {
    INVALID(1),
    ESTABLISHED(2),
    RELATED(4),
    NEW(8),
    UNTRACKED(64);

    private final int bit;

    CtState(int bit) {
        this.bit = bit;
    }

    public int bit() {
        return bit;
    }
}
