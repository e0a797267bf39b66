package io.canal.policy.rules;

/**
 * The bits of the packet mark, allotted as Felix does from the lowest one of a mask.
 *
 * @param accept a policy or a profile accepted the packet
 * @param pass a policy passed the packet to the next tier
 * @param drop a policy dropped the packet
 * @param scratch0 whether all parts of a rule that was split have matched so far; in raw, whether the packet is a workload's
 * @param scratch1 whether one part of such a rule has matched
 */
public record Marks(int accept, int pass, int drop, int scratch0, int scratch1) {

    private static final int BITS = 5;

    /** @throws IllegalArgumentException where the mask has fewer than five bits */
    public static Marks of(int mask) {
        if (Integer.bitCount(mask) < BITS) {
            throw new IllegalArgumentException("a mark mask needs at least " + BITS + " bits, not 0x" + Integer.toHexString(mask));
        }
        int[] bits = new int[BITS];
        int left = mask;
        for (int i = 0; i < BITS; i++) {
            bits[i] = Integer.lowestOneBit(left);
            left &= ~bits[i];
        }
        return new Marks(bits[0], bits[1], bits[2], bits[3], bits[4]);
    }

    /** What is cleared when a packet comes in. */
    int all() {
        return accept | pass | scratch0 | scratch1;
    }

    /** What a policy may decide. */
    int verdict() {
        return accept | pass;
    }
}
