package io.canal.ruleset.nft;

/**
 * A set or a verdict map of our table.
 *
 * @param keyType the number of nft's data type, so that nft prints the keys; fields of a key of several are 6 bits each
 * @param keyLength in bytes
 * @param interval whether elements are intervals
 * @param verdicts whether it maps to verdicts
 */
public record NftSet(String name, int keyType, int keyLength, boolean interval, boolean verdicts) {

    static final int IPV4_ADDR = 7;
    static final int IPV6_ADDR = 8;
    static final int INET_PROTO = 12;
    static final int INET_SERVICE = 13;
    static final int IFNAME = 41;

    static int concatenated(int... types) {
        int joined = 0;
        for (int type : types) {
            joined = joined << 6 | type;
        }
        return joined;
    }

    /** Whether keys are in network order; names of interfaces are not. */
    public boolean bigEndian() {
        return keyType != IFNAME;
    }
}
