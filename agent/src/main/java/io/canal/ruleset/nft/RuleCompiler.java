package io.canal.ruleset.nft;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Match;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import io.canal.ruleset.nft.Expression.CtKey;
import io.canal.ruleset.nft.Expression.Header;
import io.canal.ruleset.nft.Expression.MetaKey;
import io.canal.ruleset.nft.Expression.Operator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One rule as expressions. */
final class RuleCompiler {

    private static final int REGISTER = 1;
    private static final int IPS_DST_NAT = 1 << 5;
    private static final int RTN_LOCAL = 2;
    private static final int SECOND_REGISTER = 2;
    private static final int THIRD_REGISTER = 3;
    private static final int NFPROTO_IPV4 = 2;
    private static final int NFPROTO_IPV6 = 10;
    private static final int IPV4_CHECKSUM = 10;
    /** nft's own limit of 128 with the NUL. */
    private static final int LONGEST_COMMENT = 127;
    private static final int TCP_FLAGS = 13;
    private static final byte FIN_SYN_RST_ACK = 0x17;
    private static final byte SYN = 0x02;

    // What most rules have is made once: a node has ten thousands of rules.
    private static final Map<MetaKey, Expression> LOADS = Stream.of(MetaKey.values()).collect(Collectors.toMap(key -> key, key -> new Expression.LoadMeta(key, REGISTER)));
    private static final Expression SET_MARK = new Expression.SetMeta(MetaKey.MARK, REGISTER);
    private static final Expression COUNTER = new Expression.Counter();
    private static final Expression DESTINATION_PORT = new Expression.LoadPayload(Header.TRANSPORT, 2, 2, REGISTER);
    private static final Expression SOURCE_V4 = new Expression.LoadPayload(Header.NETWORK, addressOffset(Family.V4, Side.SOURCE), 4, REGISTER);
    private static final Expression DESTINATION_V4 = new Expression.LoadPayload(Header.NETWORK, addressOffset(Family.V4, Side.DESTINATION), 4, REGISTER);
    private static final List<Expression> EQUALS_BYTE = IntStream.range(0, 256)
            .<Expression>mapToObj(value -> new Expression.Compare(Operator.EQ, REGISTER, Bytes.of((byte) value))).toList();
    private static final Expression ACCEPT = new Expression.Decide(Verdict.ACCEPT);
    private static final Expression DROP = new Expression.Decide(Verdict.DROP);
    private static final Expression RETURN = new Expression.Decide(Verdict.RETURN);
    private static final Bytes ZERO = Bytes.nativeInt(0);

    private final List<Expression> code = new ArrayList<>();

    private RuleCompiler() {}

    /**
     * One rule, or two: a packet that has no connection has no status either, and would get past a rule that asks for a status that it
     * must not have.
     */
    static Stream<NftRule> compile(Rule rule) {
        Match.Dnat notTranslated = new Match.Dnat(true);
        if (!rule.matches().contains(notTranslated)) {
            return Stream.of(one(rule));
        }
        List<Match> matches = rule.matches().stream()
                .map(match -> match.equals(notTranslated) ? new Match.Conntrack(Set.of(CtState.INVALID, CtState.UNTRACKED), false) : match).toList();
        return Stream.of(one(rule.with(matches)), one(rule));
    }

    private static NftRule one(Rule rule) {
        RuleCompiler compiler = new RuleCompiler();
        if (rule.families().size() == 1) {
            // Headers of the other family would be read wrongly.
            compiler.load(MetaKey.NFPROTO);
            compiler.equalsByte(rule.isFor(Family.V4) ? NFPROTO_IPV4 : NFPROTO_IPV6);
        }
        rule.matches().forEach(compiler::match);
        if (rule.counter()) {
            compiler.code.add(COUNTER);
        }
        if (rule.action() instanceof Action.Dscp dscp && rule.families().size() == 1) {
            compiler.dscp(rule.families().iterator().next(), dscp.value());
        } else {
            compiler.act(rule.action());
        }
        String comment = String.join("; ", rule.comments());
        return new NftRule(compiler.code, comment.length() > LONGEST_COMMENT ? comment.substring(0, LONGEST_COMMENT) : comment);
    }

    static Map<NftSet, List<NftElement>> portSets(Stream<Rule> rules) {
        Map<NftSet, List<NftElement>> sets = new LinkedHashMap<>();
        for (Rule rule : (Iterable<Rule>) rules::iterator) {
            for (Match match : rule.matches()) {
                if (match instanceof Match.Ports ports && Intervals.mergePorts(ports.ranges()).size() > 1) {
                    List<PortRange> ranges = Intervals.mergePorts(ports.ranges());
                    String name = portSetName(ranges);
                    List<NftElement> elements = new ArrayList<>();
                    for (PortRange range : ranges) {
                        elements.add(NftElement.key(name, Bytes.port(range.first())));
                        if (range.last() < 65535) {
                            elements.add(NftElement.end(name, Bytes.port(range.last() + 1)));
                        }
                    }
                    sets.put(new NftSet(name, NftSet.INET_SERVICE, 2, true, false), elements);
                }
            }
        }
        return sets;
    }

    private void match(Match match) {
        switch (match) {
            case Match.Interface iface -> {
                load(iface.way() == Way.IN ? MetaKey.IIFNAME : MetaKey.OIFNAME);
                Bytes name = Bytes.interfaceName(iface.name());
                compare(equal(iface.negated()), iface.prefix() ? name.first(iface.name().length()) : name);
            }
            case Match.Net net -> net(net);
            case Match.Address address -> net(address.net());
            case Match.InSet in -> inSet(in);
            case Match.Protocol protocol -> {
                load(MetaKey.L4PROTO);
                if (protocol.negated()) {
                    compare(Operator.NEQ, Bytes.of((byte) protocol.number()));
                } else {
                    equalsByte(protocol.number());
                }
            }
            case Match.Ports ports -> ports(ports);
            case Match.Mark mark -> {
                load(MetaKey.MARK);
                mask(mark.mask());
                compare(equal(mark.negated()), Bytes.nativeInt(mark.value()));
            }
            case Match.Conntrack ct -> {
                code.add(new Expression.LoadCt(CtKey.STATE, REGISTER));
                mask(ct.states().stream().mapToInt(CtState::bit).sum());
                compare(equal(!ct.negated()), ZERO);
            }
            case Match.Dnat dnat -> {
                code.add(new Expression.LoadCt(CtKey.STATUS, REGISTER));
                mask(IPS_DST_NAT);
                compare(equal(!dnat.negated()), ZERO);
            }
            case Match.Local local -> {
                code.add(new Expression.Fib(Expression.Fib.RESULT_ADDRTYPE,
                        local.side() == Side.SOURCE ? Expression.Fib.SADDR : Expression.Fib.DADDR, REGISTER));
                compare(equal(local.negated()), Bytes.nativeInt(RTN_LOCAL));
            }
            case Match.Icmp icmp -> {
                if (icmp.code() < 0) {
                    payload(Header.TRANSPORT, 0, 1);
                    compare(equal(icmp.negated()), Bytes.of((byte) icmp.type()));
                } else {
                    // Type and code in one piece: negated, the two together are what must differ.
                    payload(Header.TRANSPORT, 0, 2);
                    compare(equal(icmp.negated()), Bytes.of((byte) icmp.type(), (byte) icmp.code()));
                }
            }
            case Match.TcpSyn syn -> {
                payload(Header.TRANSPORT, TCP_FLAGS, 1);
                code.add(new Expression.Bitwise(REGISTER, Bytes.of(FIN_SYN_RST_ACK), Bytes.of((byte) 0)));
                compare(Operator.EQ, Bytes.of(SYN));
            }
            case Match.WithinRate rate -> code.add(new Expression.Limit(rate.packets(), rate.unit().seconds(), rate.burst()));
            case Match.ConnectionsAbove above -> code.add(new Expression.ConnectionsAbove(above.limit()));
            case Match.NotReversePath reverse -> {
                code.add(new Expression.Fib(Expression.Fib.RESULT_OIF,
                        Expression.Fib.SADDR | Expression.Fib.MARK | Expression.Fib.IIF, REGISTER));
                compare(Operator.EQ, ZERO);
            }
        }
    }

    private void net(Match.Net match) {
        Cidr net = match.net();
        if (net.length() == 0) {
            if (match.negated()) {
                // Nothing is outside of everything.
                payload(Header.NETWORK, 0, 1);
                compare(Operator.EQ, Bytes.of((byte) 0));
            }
            return;
        }
        int offset = addressOffset(net.family(), match.side());
        Bytes base = Bytes.of(net.base().toBytes());
        if (net.length() % 8 == 0) {
            int bytes = net.length() / 8;
            payload(Header.NETWORK, offset, bytes);
            compare(equal(match.negated()), base.first(bytes));
        } else {
            int bytes = net.family().bits() / 8;
            payload(Header.NETWORK, offset, bytes);
            code.add(new Expression.Bitwise(REGISTER, prefixMask(net.length(), bytes), Bytes.of(new byte[bytes])));
            compare(equal(match.negated()), base);
        }
    }

    private void inSet(Match.InSet match) {
        NamedSet set = match.set();
        int bytes = set.family().bits() / 8;
        payload(Header.NETWORK, addressOffset(set.family(), match.side()), bytes);
        if (set.kind() == NamedSet.Kind.ADDRESS_PORT) {
            // Register 8 is the first 4 bytes of register 1; the kernel names a register by its long number where it can.
            int next = 8 + bytes / 4;
            code.add(new Expression.LoadMeta(MetaKey.L4PROTO, canonical(next)));
            code.add(new Expression.LoadPayload(Header.TRANSPORT, match.side() == Side.SOURCE ? 0 : 2, 2, canonical(next + 1)));
        }
        code.add(new Expression.Lookup(set.nftName(), REGISTER, match.negated()));
    }

    private void ports(Match.Ports match) {
        List<PortRange> ranges = Intervals.mergePorts(match.ranges());
        payload(Header.TRANSPORT, match.side() == Side.SOURCE ? 0 : 2, 2);
        PortRange first = ranges.getFirst();
        if (ranges.size() > 1) {
            code.add(new Expression.Lookup(portSetName(ranges), REGISTER, match.negated()));
        } else if (first.first() == first.last()) {
            compare(equal(match.negated()), Bytes.port(first.first()));
        } else if (match.negated()) {
            code.add(new Expression.Range(true, REGISTER, Bytes.port(first.first()), Bytes.port(first.last())));
        } else {
            compare(Operator.GTE, Bytes.port(first.first()));
            compare(Operator.LTE, Bytes.port(first.last()));
        }
    }

    private void act(Action action) {
        switch (action) {
            case Action.Accept accept -> code.add(ACCEPT);
            case Action.Drop drop -> code.add(DROP);
            case Action.Return back -> code.add(RETURN);
            case Action.Jump jump -> decide(Verdict.jump(NftRendering.name(jump.chain())));
            case Action.Goto go -> decide(Verdict.go(NftRendering.name(go.chain())));
            case Action.SetMark mark -> {
                load(MetaKey.MARK);
                code.add(new Expression.Bitwise(REGISTER, Bytes.nativeInt(~mark.mask()), Bytes.nativeInt(mark.value() & mark.mask())));
                code.add(SET_MARK);
            }
            case Action.ClearMark clear -> {
                load(MetaKey.MARK);
                code.add(new Expression.Bitwise(REGISTER, Bytes.nativeInt(~clear.mask()), ZERO));
                code.add(SET_MARK);
            }
            case Action.Conclude conclude -> {
                // What goes no further needs no mark.
                if (conclude.end() instanceof Action.Return) {
                    act(Action.SetMark.of(conclude.bits()));
                }
                act(conclude.end());
            }
            case Action.Masquerade masquerade -> {
                int random = masquerade.fullyRandom() ? Expression.Masquerade.FULLY_RANDOM : 0;
                masquerade.ports().ifPresentOrElse(ports -> {
                    load(ports, REGISTER, SECOND_REGISTER);
                    code.add(new Expression.Masquerade(random | Expression.Masquerade.PORTS, REGISTER, SECOND_REGISTER));
                }, () -> code.add(new Expression.Masquerade(random, 0, 0)));
            }
            case Action.Snat snat -> nat(false, snat.to(), snat.ports(), snat.fullyRandom() ? Expression.Masquerade.FULLY_RANDOM : 0);
            case Action.Dnat dnat -> nat(true, dnat.to(), Optional.empty(), 0);
            case Action.Dscp dscp -> throw new IllegalArgumentException("a code point is written by rules of one family each");
            case Action.Reject reject -> {
                switch (reject.with()) {
                    case PORT_UNREACHABLE ->
                        code.add(new Expression.Reject(Expression.Reject.ICMPX, Expression.Reject.PORT_UNREACHABLE));
                    case TCP_RESET -> code.add(new Expression.Reject(Expression.Reject.TCP_RESET, 0));
                }
            }
            case Action.Log log -> code.add(new Expression.Log(log.prefix(), log.level()));
            case Action.NoTrack noTrack -> code.add(new Expression.NoTrack());
            case Action.Nothing nothing -> {
                if (code.isEmpty()) {
                    code.add(COUNTER);
                }
            }
        }
    }

    private void nat(boolean destination, Ip to, Optional<PortRange> ports, int flags) {
        int family = to.isV4() ? NFPROTO_IPV4 : NFPROTO_IPV6;
        code.add(new Expression.LoadImmediate(REGISTER, Bytes.of(to.toBytes())));
        ports.ifPresentOrElse(range -> {
            load(range, SECOND_REGISTER, THIRD_REGISTER);
            code.add(new Expression.Nat(destination, family, REGISTER, SECOND_REGISTER, THIRD_REGISTER, flags | Expression.Masquerade.PORTS));
        }, () -> code.add(new Expression.Nat(destination, family, REGISTER, 0, 0, flags)));
    }

    private void load(PortRange ports, int first, int last) {
        code.add(new Expression.LoadImmediate(first, Bytes.port(ports.first())));
        code.add(new Expression.LoadImmediate(last, Bytes.port(ports.last())));
    }

    /** The code point lies across the first two bytes of an IPv6 header, and in the second of an IPv4 header. */
    private void dscp(Family family, int value) {
        payload(Header.NETWORK, 0, 2);
        boolean v4 = family == Family.V4;
        Bytes mask = v4 ? Bytes.of((byte) 0xff, (byte) 0x03) : Bytes.of((byte) 0xf0, (byte) 0x3f);
        Bytes bits = v4 ? Bytes.of((byte) 0, (byte) (value << 2)) : Bytes.of((byte) (value >> 2), (byte) (value << 6));
        code.add(new Expression.Bitwise(REGISTER, mask, bits));
        code.add(new Expression.WritePayload(Header.NETWORK, 0, 2, REGISTER, v4 ? IPV4_CHECKSUM : -1));
    }

    private void load(MetaKey key) {
        code.add(Objects.requireNonNull(LOADS.get(key)));
    }

    private void payload(Header header, int offset, int length) {
        Expression load = new Expression.LoadPayload(header, offset, length, REGISTER);
        code.add(load.equals(DESTINATION_PORT) ? DESTINATION_PORT : load.equals(SOURCE_V4) ? SOURCE_V4 : load.equals(DESTINATION_V4) ? DESTINATION_V4 : load);
    }

    private void equalsByte(int value) {
        code.add(EQUALS_BYTE.get(value & 255));
    }

    private void mask(int mask) {
        code.add(new Expression.Bitwise(REGISTER, Bytes.nativeInt(mask), ZERO));
    }

    private void compare(Operator operator, Bytes value) {
        code.add(new Expression.Compare(operator, REGISTER, value));
    }

    private void decide(Verdict verdict) {
        code.add(new Expression.Decide(verdict));
    }

    private static Operator equal(boolean negated) {
        return negated ? Operator.NEQ : Operator.EQ;
    }

    private static int addressOffset(Family family, Side side) {
        boolean source = side == Side.SOURCE;
        return switch (family) {
            case V4 -> source ? 12 : 16;
            case V6 -> source ? 8 : 24;
        };
    }

    private static int canonical(int register) {
        return register % 4 == 0 ? register / 4 - 1 : register;
    }

    private static Bytes prefixMask(int length, int bytes) {
        byte[] mask = new byte[bytes];
        for (int bit = 0; bit < length; bit++) {
            mask[bit / 8] |= (byte) (128 >>> bit % 8);
        }
        return Bytes.of(mask);
    }

    private static String portSetName(List<PortRange> ranges) {
        String plain = ranges.stream()
                .map(range -> range.first() == range.last() ? "" + range.first() : range.first() + "_" + range.last())
                .collect(Collectors.joining("-", "ports-", ""));
        if (plain.length() <= 40) {
            return plain;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(plain.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            return "ports-" + HexFormat.of().formatHex(digest, 0, 12);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
