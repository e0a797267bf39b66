package io.canal.ruleset.nft;

/**
 * One instruction of nf_tables' register machine. Registers are numbered as the kernel dumps them: 1 to 4 are 16 bytes long, 8 to
 * 23 are the same room in pieces of 4 bytes.
 */
public sealed interface Expression {

    /** {@code NFT_META_*}: what of the packet's surroundings is loaded. */
    enum MetaKey {
        MARK(3),
        IIFNAME(6),
        OIFNAME(7),
        NFPROTO(15),
        L4PROTO(16);

        final int number;

        MetaKey(int number) {
            this.number = number;
        }
    }

    /** {@code NFT_PAYLOAD_*}: from where the offset counts. */
    enum Header {
        NETWORK(1),
        TRANSPORT(2);

        final int number;

        Header(int number) {
            this.number = number;
        }
    }

    /** {@code NFT_CMP_*}, in the kernel's order. */
    enum Operator {
        EQ,
        NEQ,
        LT,
        LTE,
        GT,
        GTE
    }

    /** {@code NFT_CT_STATE} and {@code NFT_CT_STATUS}. */
    enum CtKey {
        STATE(0),
        STATUS(2);

        final int number;

        CtKey(int number) {
            this.number = number;
        }
    }

    record LoadMeta(MetaKey key, int register) implements Expression {}

    record SetMeta(MetaKey key, int register) implements Expression {}

    record LoadPayload(Header header, int offset, int length, int register) implements Expression {}

    record LoadCt(CtKey key, int register) implements Expression {}

    /** Ends the rule unless the register compares so with the value. */
    record Compare(Operator operator, int register, Bytes value) implements Expression {}

    /** Ends the rule unless the register is between the values, or, where negated, if it is. */
    record Range(boolean negated, int register, Bytes from, Bytes to) implements Expression {}

    /** {@code register = register & mask ^ xor}. */
    record Bitwise(int register, Bytes mask, Bytes xor) implements Expression {}

    /** Ends the rule unless the register's value is in the set; or if it is, where negated. */
    record Lookup(String set, int register, boolean negated) implements Expression {}

    /** Takes the verdict that the map has for the register's value, and ends the rule if it has none. */
    record LookupVerdict(String map, int register) implements Expression {}

    /** {@code flags} are {@code NFTA_FIB_F_*}, {@code result} is {@code NFT_FIB_RESULT_*}. */
    record Fib(int result, int flags, int register) implements Expression {

        static final int RESULT_OIF = 1;
        static final int RESULT_ADDRTYPE = 3;
        static final int SADDR = 1;
        static final int DADDR = 2;
        static final int MARK = 4;
        static final int IIF = 8;
    }

    /** Its numbers are left out: two counters are one. */
    record Counter() implements Expression {}

    record Decide(Verdict verdict) implements Expression {}

    /**
     * {@code flags} are {@code NF_NAT_RANGE_*}.
     *
     * @param firstPort the register with the lowest source port, 0 where any may be used
     */
    record Masquerade(int flags, int firstPort, int lastPort) implements Expression {

        /** {@code NF_NAT_RANGE_PROTO_SPECIFIED} */
        static final int PORTS = 1 << 1;
        static final int FULLY_RANDOM = 1 << 4;
    }

    /**
     * Rewrites an address to the one in the register.
     *
     * @param destination whether it is the destination, else the source
     * @param family {@code NFPROTO_*}
     * @param firstPort the register with the lowest port, 0 where the port stays or any may be used
     */
    record Nat(boolean destination, int family, int register, int firstPort, int lastPort, int flags) implements Expression {}

    record LoadImmediate(int register, Bytes value) implements Expression {}

    /** Writes the register into the packet; {@code checksum} is the offset of the header's checksum, -1 where it has none. */
    record WritePayload(Header header, int offset, int length, int register, int checksum) implements Expression {}

    /** Ends the rule where more packets come than {@code rate} in so many seconds, beyond {@code burst}. */
    record Limit(long rate, long seconds, long burst) implements Expression {}

    /** Ends the rule unless more than {@code count} connections are open by way of it. */
    record ConnectionsAbove(long count) implements Expression {}

    /** {@code type} is {@code NFT_REJECT_*}. */
    record Reject(int type, int code) implements Expression {

        static final int TCP_RESET = 1;
        static final int ICMPX = 2;
        static final int PORT_UNREACHABLE = 1;
    }

    record Log(String prefix, int level) implements Expression {}

    record NoTrack() implements Expression {}

    /** One that we never write; it was seen in a dump. */
    record Foreign(String name, Bytes data) implements Expression {}
}
