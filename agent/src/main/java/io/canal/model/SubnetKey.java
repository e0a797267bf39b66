package io.canal.model;

import io.canal.model.Ip.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The subnet of one node, of one family or both; its text is the last part of a lease's key in etcd.
 *
 * <p>The text forms are flannel's: {@code 10.5.52.0-24}, {@code 10.5.52.0-24&fd00:10:244:1::-64}, and for IPv6 alone
 * {@code 0.0.0.0-0&fd00:10:244:1::-64}.
 */
public record SubnetKey(Optional<Cidr> v4, Optional<Cidr> v6) implements Comparable<SubnetKey> {

    private static final Pattern FORM = Pattern.compile("([0-9.]{7,15})-([0-9]{1,2})(?:&([a-f0-9:]{2,39})-([0-9]{1,3}))?");
    private static final String NO_V4 = "0.0.0.0-0";

    /** What the text of a subnet of IPv6 alone begins with. */
    public static final String WITHOUT_V4 = NO_V4 + "&";

    private static final String EXPECTED = "a subnet such as 10.5.52.0-24 or 10.5.52.0-24&fd00:10:244:1::-64";

    public SubnetKey {
        if (v4.isEmpty() && v6.isEmpty()) {
            throw new IllegalArgumentException("a subnet is of at least one family");
        }
        if (v4.filter(cidr -> !cidr.isV4()).isPresent() || v6.filter(Cidr::isV4).isPresent()) {
            throw new IllegalArgumentException("the families of " + v4 + " and " + v6 + " are mixed up");
        }
    }

    /** A subnet of one family. */
    public static SubnetKey of(Cidr cidr) {
        return cidr.isV4() ? new SubnetKey(Optional.of(cidr), Optional.empty()) : new SubnetKey(Optional.empty(), Optional.of(cidr));
    }

    /** A subnet of both families. */
    public static SubnetKey of(Cidr v4, Cidr v6) {
        return new SubnetKey(Optional.of(v4), Optional.of(v6));
    }

    /** As {@link #parse}, for text that is known to be good. */
    public static SubnetKey of(String text) {
        return parse("subnet", text).orThrow();
    }

    /**
     * Reads the text form, strictly: the whole text, no bits after the prefix, IPv6 in its canonical form, so that each subnet has
     * one text only.
     *
     * @param where the etcd key, for the sentence where the text is malformed
     */
    public static Decoded<SubnetKey> parse(String where, String text) {
        SubnetKey plain = plain(text);
        if (plain != null) {
            return Decoded.good(plain);
        }
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            return Decoded.bad(where, "", text, EXPECTED);
        }
        Optional<Cidr> v4 = block(parts.group(1), parts.group(2));
        Optional<Cidr> v6 = parts.group(3) == null ? Optional.empty() : block(parts.group(3), parts.group(4));
        if (parts.group(3) != null && text.startsWith(WITHOUT_V4)) {
            v4 = Optional.empty();
        } else if (v4.isEmpty() || v4.get().length() == 0 || v4.get().length() > 31) {
            return Decoded.bad(where, "", text, EXPECTED);
        }
        if (parts.group(3) != null && (v6.isEmpty() || v6.get().isV4() || v6.get().length() == 0 || v6.get().length() > 127)) {
            return Decoded.bad(where, "", text, EXPECTED);
        }
        SubnetKey key = new SubnetKey(v4, v6);
        return key.text().equals(text) ? Decoded.good(key) : Decoded.bad(where, "", text, "the canonical form " + key.text());
    }

    /** What most of the thousands are that a start reads, of IPv4 alone; null where the text is another, good or bad. */
    private static @Nullable SubnetKey plain(String text) {
        int dash = text.indexOf('-');
        int digits = text.length() - dash - 1;
        if (dash < 0 || digits < 1 || digits > 2 || text.charAt(dash + 1) == '0') {
            return null;
        }
        int length = 0;
        for (int i = dash + 1; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return null;
            }
            length = length * 10 + digit;
        }
        Ip base = Ip.parse(text.substring(0, dash)).filter(Ip::isV4).orElse(null);
        return base == null || length > 31 || !base.masked(length).equals(base) ? null : of(new Cidr(base, length));
    }

    /** The text form. */
    public String text() {
        String first = v4.map(SubnetKey::text).orElse(NO_V4);
        return v6.map(cidr -> first + "&" + text(cidr)).orElse(first);
    }

    /** The blocks that it is made of, IPv4 first. */
    public List<Cidr> cidrs() {
        List<Cidr> cidrs = new ArrayList<>(2);
        v4.ifPresent(cidrs::add);
        v6.ifPresent(cidrs::add);
        return cidrs;
    }

    public Optional<Cidr> cidr(Family family) {
        return family == Family.V4 ? v4 : v6;
    }

    /** Whether some address lies in both, whatever the lengths. */
    public boolean overlaps(SubnetKey other) {
        return v4.isPresent() && other.v4.isPresent() && v4.get().overlaps(other.v4.get())
                || v6.isPresent() && other.v6.isPresent() && v6.get().overlaps(other.v6.get());
    }

    // See Ip.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SubnetKey that && v4.equals(that.v4) && v6.equals(that.v6);
    }

    @Override
    public int hashCode() {
        return 31 * v4.hashCode() + v6.hashCode();
    }

    @Override
    public int compareTo(SubnetKey other) {
        return text().compareTo(other.text());
    }

    /** The subnet as people write it: {@code 10.5.52.0/24}, or both families with {@code ", "} between. */
    public String pretty() {
        return String.join(", ", cidrs().stream().map(Cidr::toString).toList());
    }

    @Override
    public String toString() {
        return text();
    }

    private static String text(Cidr cidr) {
        return cidr.base() + "-" + cidr.length();
    }

    private static Optional<Cidr> block(String base, String length) {
        return Cidr.parse(base + "/" + length);
    }
}
