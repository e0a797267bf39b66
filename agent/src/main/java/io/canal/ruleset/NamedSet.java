package io.canal.ruleset;

import io.canal.model.Ip.Family;

/**
 * A set that rules look up by name.
 *
 * @param id what follows {@code cali40} or {@code cali60} in the set's name; the whole is at most 31 characters long
 * @param family the family of its addresses
 */
public record NamedSet(String id, Family family, Kind kind) {

    /** What a member is. */
    public enum Kind {
        /** A single address: a hash without intervals in nftables. */
        ADDRESS,
        /** As ADDRESS, but of type hash:ip in ipset, where that may become a set of blocks. */
        HOST_ADDRESS,
        /** A block of addresses; overlapping and adjoining blocks are merged into intervals in nftables. */
        NET,
        /** An address with a protocol and a port. */
        ADDRESS_PORT
    }

    public NamedSet {
        if (id.isEmpty() || id.length() > 25 || !allowed(id)) {
            throw new IllegalArgumentException("\"" + id + "\" cannot be a set's name");
        }
    }

    private static boolean allowed(String id) {
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (c <= ' ' || c >= 127 || "\"'\\{};,".indexOf(c) >= 0) {
                return false;
            }
        }
        return true;
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof NamedSet that && family == that.family && kind == that.kind && id.equals(that.id);
    }

    @Override
    public int hashCode() {
        return (id.hashCode() * 31 + family.ordinal()) * 31 + kind.ordinal();
    }

    /** The name in ipset, as Felix builds it. */
    public String ipsetName() {
        return (family == Family.V4 ? "cali40" : "cali60") + id;
    }

    /**
     * The name in nftables, where a colon would end an identifier. A set of blocks and one of addresses are sets of two types there,
     * and may have to be there side by side.
     */
    public String nftName() {
        return ipsetName().replace(':', '-') + (kind == Kind.NET ? "-net" : "");
    }

    /** Whether what is in it follows from a selector or a named port, and not from the node. */
    public boolean isOfSelector() {
        return id.startsWith("s:") || id.startsWith("n:");
    }

    /** Whether {@code member} can be in this set. */
    public boolean takes(Member member) {
        if (member.net().family() != family) {
            return false;
        }
        boolean single = member.net().length() == family.bits();
        return switch (kind) {
            case ADDRESS, HOST_ADDRESS -> single && !member.hasPort();
            case NET -> !member.hasPort();
            case ADDRESS_PORT -> single && member.hasPort();
        };
    }
}
