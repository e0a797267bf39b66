package io.canal.policy.selector;

import io.canal.model.Decoded;
import io.canal.model.Problem;
import io.canal.model.calico.PolicyProtocol;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** An expression over labels, such as {@code app == "db" && !has(legacy)}. Two are equal where their canonical texts are. */
public final class Selector {

    /** Matches all. */
    public static final Selector ALL = new Selector(new Expression.All());

    private final Expression expression;
    /** Made when it is first asked for: most selectors are only parts of others. */
    private @Nullable String canonical;
    private @Nullable String id;
    private @Nullable Map<String, Restriction> restrictions;

    private Selector(Expression expression) {
        this.expression = expression;
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

    /** Matches where the label has this value. */
    public static Selector equal(String label, String value) {
        return new Selector(new Expression.Equal(label, value, false));
    }

    /** Matches where the label has one of these values. */
    public static Selector in(String label, Collection<String> values) {
        return new Selector(new Expression.In(label, new TreeSet<>(values), false));
    }

    /** Matches where the label is there. */
    public static Selector has(String label) {
        return new Selector(new Expression.Has(label));
    }

    /** Matches where both do. The structure is that of the text {@code (this) && (other)}. */
    public Selector and(Selector other) {
        return new Selector(new Expression.And(List.of(expression, other.expression)));
    }

    /** Matches where this does not. */
    public Selector not() {
        return new Selector(new Expression.Not(expression));
    }

    /** This over labels whose names begin with {@code prefix}. */
    public Selector prefixed(String prefix) {
        return rewritten(leaf -> switch (leaf) {
            case Expression.Has(String label) -> new Expression.Has(prefix + label);
            case Expression.Equal(String label, String value, boolean negated) -> new Expression.Equal(prefix + label, value, negated);
            case Expression.In(String label, var values, boolean negated) -> new Expression.In(prefix + label, values, negated);
            case Expression.Part(String label, var where, String text) -> new Expression.Part(prefix + label, where, text);
            case Expression.All _, Expression.Global _, Expression.Not _, Expression.And _, Expression.Or _ -> leaf;
        });
    }

    /** This with something else for each {@code all()}. */
    public Selector replacingAll(Selector other) {
        return rewritten(leaf -> leaf instanceof Expression.All ? other.expression : leaf);
    }

    /** This with something else for each {@code global()}. */
    public Selector replacingGlobal(Selector other) {
        return rewritten(leaf -> leaf instanceof Expression.Global ? other.expression : leaf);
    }

    private Selector rewritten(UnaryOperator<Expression> leaf) {
        return new Selector(expression.rewritten(leaf));
    }

    public boolean matches(Labels labels) {
        return expression.matches(labels);
    }

    public boolean matches(Map<String, String> labels) {
        return expression.matches(Labels.of(labels));
    }

    /** What the labels of all that this matches are like, by label; there may be nothing to say about any. */
    public Map<String, Restriction> restrictions() {
        Map<String, Restriction> known = restrictions;
        if (known == null) {
            known = expression.restrictions();
            restrictions = known;
        }
        return known;
    }

    /** The text that all selectors of this structure share: {@code (app == "db" && !has(legacy))}. */
    public String canonical() {
        String text = canonical;
        if (text == null) {
            text = expression.canonical();
            canonical = text;
        }
        return text;
    }

    /** The id of the set of addresses that this selects, as Felix computes it: {@code s:} and 38 characters. */
    public String id() {
        String known = id;
        if (known == null) {
            known = id("s", canonical());
            id = known;
        }
        return known;
    }

    /**
     * The id of the set of addresses and ports that this selects by a port's name.
     *
     * @param protocol the one that the port must have; empty where any will do
     */
    public String namedPortId(Optional<PolicyProtocol> protocol, String port) {
        return id("n", id() + "," + protocol.map(PolicyProtocol::text).orElse("any") + "," + port);
    }

    /** The id of the set of a Kubernetes service: of addresses and ports, or of addresses alone. */
    public static String serviceId(boolean ports, String namespace, String name) {
        return id(ports ? "svc" : "svcnoport", namespace + "/" + name);
    }

    /** {@code prefix:} and the hash of {@code prefix:content}, as Felix computes it. */
    private static String id(String prefix, String content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-224").digest((prefix + ":" + content).getBytes(StandardCharsets.UTF_8));
            return prefix + ":" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JVM has SHA-224", impossible);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Selector that && canonical().equals(that.canonical());
    }

    @Override
    public int hashCode() {
        return canonical().hashCode();
    }

    @Override
    public String toString() {
        return canonical();
    }
}
