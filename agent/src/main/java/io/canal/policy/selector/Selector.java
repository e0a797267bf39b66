package io.canal.policy.selector;

import io.canal.model.Decoded;
import io.canal.model.Problem;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An expression over labels, such as {@code app == "db" && !has(legacy)}. Two are equal where their canonical texts are. */
public final class Selector {

    /** Matches all. */
    public static final Selector ALL = new Selector(new Expression.All());

    private final Expression expression;
    private final String canonical;

    private Selector(Expression expression) {
        this.expression = expression;
        this.canonical = expression.canonical();
    }

    /** Reads a selector; the empty one matches all. */
    public static Decoded<Selector> parse(String text) {
        return parse("selector", "", text);
    }

    /**
     * Reads the selector of an object.
     *
     * @param where the object, and {@code field} its field, for what there is to say about it
     */
    public static Decoded<Selector> parse(String where, String field, String text) {
        try {
            return Decoded.good(new Selector(Parser.parse(text)));
        } catch (Malformed malformed) {
            return Decoded.bad(new Problem(where, field, text, "a selector with " + malformed.getMessage()));
        }
    }

    /** As {@link #parse(String)}, for text that is known to be good. */
    public static Selector of(String text) {
        return parse(text).orThrow();
    }

    public boolean matches(Labels labels) {
        return expression.matches(labels);
    }

    public boolean matches(Map<String, String> labels) {
        return expression.matches(Labels.of(labels));
    }

    /** What the labels of all that this matches are like, by label; there may be nothing to say about any. */
    public Map<String, Restriction> restrictions() {
        return expression.restrictions();
    }

    /** The text that all selectors of this structure share: {@code (app == "db" && !has(legacy))}. */
    public String canonical() {
        return canonical;
    }

    /** The id of the set of addresses that this selects, as Felix computes it: {@code s:} and 38 characters. */
    public String id() {
        return id("s", canonical);
    }

    /** The id of the set of addresses and ports that this selects by a port's name. */
    public String namedPortId(String protocol, String port) {
        return id("n", id() + "," + protocol + "," + port);
    }

    /** {@code prefix:} and the hash of {@code prefix:content}, as Felix computes it. */
    static String id(String prefix, String content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-224").digest((prefix + ":" + content).getBytes(StandardCharsets.UTF_8));
            return prefix + ":" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JVM has SHA-224", impossible);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Selector that && canonical.equals(that.canonical);
    }

    @Override
    public int hashCode() {
        return canonical.hashCode();
    }

    @Override
    public String toString() {
        return canonical;
    }
}
