package io.canal.ruleset.nft;

import io.canal.model.PacketCount;
import io.canal.ruleset.nft.Expression.CtKey;
import io.canal.ruleset.nft.Expression.Header;
import io.canal.ruleset.nft.Expression.MetaKey;
import io.canal.ruleset.nft.Expression.Operator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Expressions as the value of {@code NFTA_RULE_EXPRESSIONS}, and back. */
public final class ExpressionCodec {

    private static final int LIST_ELEM = 1;
    private static final int EXPR_NAME = 1;
    private static final int EXPR_DATA = 2;
    private static final int DATA_VALUE = 1;
    private static final int DATA_VERDICT = 2;
    private static final int COUNTER_BYTES = 1;
    private static final int COUNTER_PACKETS = 2;
    /** {@code NFT_PAYLOAD_CSUM_INET}. */
    private static final int INTERNET_CHECKSUM = 1;
    /** {@code NF_NAT_RANGE_MAP_IPS}, which the kernel sets where there is an address. */
    private static final int MAP_IPS = 1;

    private ExpressionCodec() {}

    public static byte[] encode(List<Expression> expressions) {
        Attributes list = new Attributes();
        for (Expression expression : expressions) {
            list.nest(LIST_ELEM, element -> write(expression, element));
        }
        return list.toArray();
    }

    /** What the kernel dumped; an expression that we never write becomes {@link Expression.Foreign}. */
    public static List<Expression> decode(byte[] list) {
        List<Expression> expressions = new ArrayList<>();
        Attributes.each(list, (type, element) -> {
            Map<Integer, byte[]> parts = Attributes.read(element);
            String name = text(parts.getOrDefault(EXPR_NAME, new byte[0]));
            byte[] data = parts.getOrDefault(EXPR_DATA, new byte[0]);
            expressions.add(read(name, data).orElseGet(() -> new Expression.Foreign(name, Bytes.of(data))));
        });
        return expressions;
    }

    /** What a dumped rule has counted; empty where it does not count. */
    public static Optional<PacketCount> count(byte[] list) {
        List<PacketCount> counts = new ArrayList<>(1);
        Attributes.each(list, (type, element) -> {
            Map<Integer, byte[]> parts = Attributes.read(element);
            if (text(parts.getOrDefault(EXPR_NAME, new byte[0])).equals("counter")) {
                Map<Integer, byte[]> counter = Attributes.read(parts.getOrDefault(EXPR_DATA, new byte[0]));
                counts.add(new PacketCount(number64(counter, COUNTER_PACKETS), number64(counter, COUNTER_BYTES)));
            }
        });
        return counts.stream().findFirst();
    }

    /** A verdict as the content of {@code NFTA_SET_ELEM_DATA}. */
    public static byte[] encodeData(Verdict verdict) {
        return new Attributes().nest(DATA_VERDICT, v -> writeVerdict(verdict, v)).toArray();
    }

    /** A key as the content of {@code NFTA_SET_ELEM_KEY}. */
    public static byte[] encodeData(Bytes key) {
        return new Attributes().put(DATA_VALUE, key.toArray()).toArray();
    }

    /** The key in the content of {@code NFTA_SET_ELEM_KEY}. */
    public static Bytes decodeKey(byte[] data) {
        return Bytes.of(Attributes.read(data).getOrDefault(DATA_VALUE, new byte[0]));
    }

    /** The verdict in the content of {@code NFTA_SET_ELEM_DATA}, if that is one. */
    public static Optional<Verdict> decodeVerdict(byte[] data) {
        return Optional.ofNullable(Attributes.read(data).get(DATA_VERDICT)).map(ExpressionCodec::readVerdict);
    }

    private static void write(Expression expression, Attributes to) {
        switch (expression) {
            case Expression.LoadMeta meta -> data(to, "meta", d -> d.number(1, meta.register()).number(2, meta.key().number));
            case Expression.SetMeta meta -> data(to, "meta", d -> d.number(2, meta.key().number).number(3, meta.register()));
            case Expression.LoadPayload load -> data(to, "payload", d -> d.number(1, load.register())
                    .number(2, load.header().number)
                    .number(3, load.offset())
                    .number(4, load.length()));
            case Expression.LoadCt ct -> data(to, "ct", d -> d.number(1, ct.register()).number(2, ct.key().number));
            case Expression.Compare compare -> data(to, "cmp", d -> d.number(1, compare.register())
                    .number(2, compare.operator().ordinal())
                    .nest(3, v -> value(v, compare.value())));
            case Expression.Range range -> data(to, "range", d -> d.number(1, range.register())
                    .number(2, range.negated() ? 1 : 0)
                    .nest(3, v -> value(v, range.from()))
                    .nest(4, v -> value(v, range.to())));
            case Expression.Bitwise bits -> data(to, "bitwise", d -> d.number(1, bits.register())
                    .number(2, bits.register())
                    .number(3, bits.mask().length())
                    .nest(4, v -> value(v, bits.mask()))
                    .nest(5, v -> value(v, bits.xor())));
            case Expression.Lookup lookup -> data(to, "lookup", d -> {
                d.string(1, lookup.set()).number(2, lookup.register());
                if (lookup.negated()) {
                    d.number(5, 1);
                }
            });
            case Expression.LookupVerdict lookup -> data(to, "lookup", d -> d.string(1, lookup.map())
                    .number(2, lookup.register())
                    .number(3, 0));
            case Expression.Fib fib -> data(to, "fib", d -> d.number(1, fib.register()).number(2, fib.result()).number(3, fib.flags()));
            case Expression.Counter counter -> data(to, "counter", d -> { });
            case Expression.Decide decide -> data(to, "immediate", d -> d.number(1, 0)
                    .nest(2, v -> v.nest(DATA_VERDICT, w -> writeVerdict(decide.verdict(), w))));
            case Expression.Masquerade masquerade -> data(to, "masq", d -> {
                if (masquerade.flags() != 0) {
                    d.number(1, masquerade.flags());
                }
                if (masquerade.firstPort() != 0) {
                    d.number(2, masquerade.firstPort()).number(3, masquerade.lastPort());
                }
            });
            case Expression.Nat nat -> data(to, "nat", d -> {
                d.number(1, nat.destination() ? 1 : 0).number(2, nat.family()).number(3, nat.register());
                if (nat.firstPort() != 0) {
                    d.number(5, nat.firstPort()).number(6, nat.lastPort());
                }
                if (nat.flags() != 0) {
                    d.number(7, nat.flags());
                }
            });
            case Expression.LoadImmediate load -> data(to, "immediate", d -> d.number(1, load.register()).nest(2, v -> value(v, load.value())));
            case Expression.WritePayload write -> data(to, "payload", d -> {
                d.number(2, write.header().number).number(3, write.offset()).number(4, write.length()).number(5, write.register());
                if (write.checksum() >= 0) {
                    d.number(6, INTERNET_CHECKSUM).number(7, write.checksum()).number(8, 0);
                }
            });
            case Expression.Limit limit -> data(to, "limit", d -> d.number64(1, limit.rate()).number64(2, limit.seconds()).number(3, (int) limit.burst()).number(4, 0));
            case Expression.ConnectionsAbove above -> data(to, "connlimit", d -> d.number(1, (int) above.count()).number(2, 1));
            case Expression.Reject reject -> data(to, "reject", d -> {
                d.number(1, reject.type());
                if (reject.type() != Expression.Reject.TCP_RESET) {
                    d.put(2, new byte[] {(byte) reject.code()});
                }
            });
            case Expression.Log log -> data(to, "log", d -> d.string(2, log.prefix()).number(5, log.level()));
            case Expression.NoTrack noTrack -> to.string(EXPR_NAME, "notrack");
            case Expression.Foreign foreign -> throw new IllegalArgumentException("a foreign expression is never written: " + foreign.name());
        }
    }

    private static void data(Attributes to, String name, java.util.function.Consumer<Attributes> content) {
        to.string(EXPR_NAME, name).nest(EXPR_DATA, content);
    }

    private static void value(Attributes to, Bytes value) {
        to.put(DATA_VALUE, value.toArray());
    }

    private static void writeVerdict(Verdict verdict, Attributes to) {
        to.number(1, verdict.code());
        if (!verdict.chain().isEmpty()) {
            to.string(2, verdict.chain());
        }
    }

    private static Verdict readVerdict(byte[] nested) {
        Map<Integer, byte[]> parts = Attributes.read(nested);
        return new Verdict(number(parts, 1), text(parts.getOrDefault(2, new byte[0])));
    }

    private static Optional<Expression> read(String name, byte[] data) {
        Map<Integer, byte[]> a = Attributes.read(data);
        return switch (name) {
            case "meta" -> meta(number(a, 2))
                    .map(key -> a.containsKey(3) ? new Expression.SetMeta(key, number(a, 3)) : new Expression.LoadMeta(key, number(a, 1)));
            case "payload" -> header(number(a, 2)).map(header -> a.containsKey(1)
                    ? new Expression.LoadPayload(header, number(a, 3), number(a, 4), number(a, 1))
                    : new Expression.WritePayload(header, number(a, 3), number(a, 4), number(a, 5), number(a, 6) == INTERNET_CHECKSUM ? number(a, 7) : -1));
            case "ct" -> ctKey(number(a, 2)).filter(key -> a.containsKey(1) && !a.containsKey(3))
                    .map(key -> new Expression.LoadCt(key, number(a, 1)));
            case "cmp" -> Optional.of(new Expression.Compare(Operator.values()[number(a, 2)], number(a, 1), value(a, 3)));
            case "range" -> Optional.of(new Expression.Range(number(a, 2) == 1, number(a, 1), value(a, 3), value(a, 4)));
            case "bitwise" -> Optional.<Expression>of(new Expression.Bitwise(number(a, 1), value(a, 4), value(a, 5)))
                    .filter(bits -> number(a, 1) == number(a, 2) && number(a, 6) == 0);
            case "lookup" -> Optional.of(a.containsKey(3)
                    ? new Expression.LookupVerdict(string(a, 1), number(a, 2))
                    : new Expression.Lookup(string(a, 1), number(a, 2), (number(a, 5) & 1) != 0));
            case "fib" -> Optional.of(new Expression.Fib(number(a, 2), number(a, 3), number(a, 1)));
            case "counter" -> Optional.of(new Expression.Counter());
            case "immediate" -> number(a, 1) == 0
                    ? Optional.ofNullable(a.get(2)).flatMap(ExpressionCodec::decodeVerdict).map(Expression.Decide::new)
                    : Optional.of(new Expression.LoadImmediate(number(a, 1), value(a, 2)));
            case "masq" -> Optional.of(new Expression.Masquerade(number(a, 1), number(a, 2), number(a, 3)));
            case "nat" -> Optional.<Expression>of(new Expression.Nat(number(a, 1) == 1, number(a, 2), number(a, 3), number(a, 5), number(a, 6), number(a, 7) & ~MAP_IPS))
                    .filter(nat -> number(a, 4) == 0 || number(a, 4) == number(a, 3));
            case "limit" -> Optional.<Expression>of(new Expression.Limit(number64(a, 1), number64(a, 2), number(a, 3)))
                    .filter(limit -> number(a, 4) == 0 && number(a, 5) == 0);
            case "connlimit" -> Optional.<Expression>of(new Expression.ConnectionsAbove(number(a, 1))).filter(above -> number(a, 2) == 1);
            case "reject" -> Optional.of(new Expression.Reject(number(a, 1), a.containsKey(2) ? a.get(2)[0] & 255 : 0));
            case "log" -> Optional.<Expression>of(new Expression.Log(string(a, 2), number(a, 5))).filter(log -> !a.containsKey(1));
            case "notrack" -> Optional.of(new Expression.NoTrack());
            default -> Optional.empty();
        };
    }

    private static Optional<MetaKey> meta(int number) {
        for (MetaKey key : MetaKey.values()) {
            if (key.number == number) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }

    private static Optional<Header> header(int number) {
        for (Header header : Header.values()) {
            if (header.number == number) {
                return Optional.of(header);
            }
        }
        return Optional.empty();
    }

    private static Optional<CtKey> ctKey(int number) {
        for (CtKey key : CtKey.values()) {
            if (key.number == number) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }

    private static int number(Map<Integer, byte[]> attributes, int type) {
        byte[] value = attributes.get(type);
        return value == null || value.length != 4 ? 0 : ByteBuffer.wrap(value).getInt();
    }

    private static long number64(Map<Integer, byte[]> attributes, int type) {
        byte[] value = attributes.get(type);
        return value == null || value.length != 8 ? 0 : ByteBuffer.wrap(value).getLong();
    }

    private static String string(Map<Integer, byte[]> attributes, int type) {
        return text(attributes.getOrDefault(type, new byte[0]));
    }

    private static Bytes value(Map<Integer, byte[]> attributes, int type) {
        byte[] nested = attributes.get(type);
        return nested == null ? Bytes.of() : decodeKey(nested);
    }

    private static String text(byte[] bytes) {
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
