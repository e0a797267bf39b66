package io.canal.ruleset.nft;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The objects of the intermediate form as objects of one nf_tables table of family inet.
 *
 * <p>A chain is named by its layer and its name, such as {@code filter-cali-FORWARD}, since the table has no layers; a base chain by
 * layer and hook, such as {@code filter-FORWARD}; a dispatch chain's verdict map is named as the chain.
 */
public final class NftRendering {

    private NftRendering() {}

    public static String name(ChainName chain) {
        return chain.layer().text() + "-" + chain.name();
    }

    public static String name(HookPoint point) {
        return point.layer().text() + "-" + point.hook();
    }

    /** The base chain of a hook. */
    public static NftChain base(HookPoint point, HookRules rules) {
        List<NftRule> all = Stream.concat(rules.first().stream(), rules.last().stream()).flatMap(RuleCompiler::compile).toList();
        return new NftChain(name(point), Optional.of(place(point)), all);
    }

    /** A chain with all rules that it may ever have. */
    public static NftChain chain(Chain chain) {
        return chain(chain, Dialect.NFTABLES);
    }

    public static NftChain chain(Chain chain, Dialect dialect) {
        return switch (chain) {
            case Chain.Rules rules ->
                new NftChain(name(rules.name()), Optional.empty(), dialect.of(rules.rules()).flatMap(RuleCompiler::compile).toList());
            case Chain.Dispatch dispatch -> {
                NftRule lookup = new NftRule(List.of(
                        new Expression.LoadMeta(dispatch.way() == Way.IN ? Expression.MetaKey.IIFNAME : Expression.MetaKey.OIFNAME, 1),
                        new Expression.LookupVerdict(name(dispatch.name()), 1)), "");
                yield new NftChain(name(dispatch.name()), Optional.empty(),
                        Stream.concat(Stream.of(lookup), dispatch.end().stream().flatMap(RuleCompiler::compile)).toList());
            }
        };
    }

    /** The verdict map of a dispatch chain. */
    public static NftSet map(ChainName dispatch) {
        return new NftSet(name(dispatch), NftSet.IFNAME, 16, false, true);
    }

    /** The entry of a dispatch chain for one interface. */
    public static NftElement entry(ChainName dispatch, String iface, ChainName target) {
        return new NftElement(name(dispatch), Bytes.interfaceName(iface), false, Optional.of(Verdict.go(name(target))));
    }

    public static NftSet set(NamedSet set) {
        int address = set.family() == Family.V4 ? NftSet.IPV4_ADDR : NftSet.IPV6_ADDR;
        int length = set.family().bits() / 8;
        return switch (set.kind()) {
            case ADDRESS, HOST_ADDRESS -> new NftSet(set.nftName(), address, length, false, false);
            case NET -> new NftSet(set.nftName(), address, length, true, false);
            case ADDRESS_PORT -> new NftSet(set.nftName(),
                    NftSet.concatenated(address, NftSet.INET_PROTO, NftSet.INET_SERVICE), length + 8, false, false);
        };
    }

    /** The elements of a set that has these members. */
    public static List<NftElement> elements(NamedSet set, Collection<Member> members) {
        String name = set.nftName();
        List<NftElement> elements = new ArrayList<>(members.size());
        switch (set.kind()) {
            case ADDRESS, HOST_ADDRESS, ADDRESS_PORT -> members.forEach(member -> elements.add(element(set, member)));
            case NET -> Intervals.merge(members.stream().map(Member::net).toList()).forEach(interval -> {
                elements.add(NftElement.key(name, Bytes.of(interval.first().toBytes())));
                interval.end().ifPresent(end -> elements.add(NftElement.end(name, Bytes.of(end.toBytes()))));
            });
        }
        return elements;
    }

    /** The element of one member, in a set whose members do not merge. */
    public static NftElement element(NamedSet set, Member member) {
        return NftElement.key(set.nftName(), key(set, member));
    }

    /** The key of that element. */
    public static Bytes key(NamedSet set, Member member) {
        Bytes address = Bytes.of(member.net().base().toBytes());
        return set.kind() != NamedSet.Kind.ADDRESS_PORT ? address : address.field(Bytes.of((byte) member.protocol())).field(Bytes.port(member.port()));
    }

    /** The sets of ports that the rules of {@code chain} look up, with their elements. They are named by their content. */
    public static Map<NftSet, List<NftElement>> portSets(Chain chain, Dialect dialect) {
        return chain instanceof Chain.Rules rules ? RuleCompiler.portSets(dialect.of(rules.rules())) : Map.of();
    }

    /** As {@link #portSets(Chain, Dialect)}, of a hook. */
    public static Map<NftSet, List<NftElement>> portSets(HookRules rules) {
        return RuleCompiler.portSets(Stream.concat(rules.first().stream(), rules.last().stream()));
    }

    private static NftChain.Base place(HookPoint point) {
        int hook = point.hook().ordinal();
        return switch (point.layer()) {
            case RAW -> new NftChain.Base("filter", hook, -300);
            // A mark that is set at output must be seen by routing.
            case MANGLE -> new NftChain.Base(point.hook() == io.canal.ruleset.Hook.OUTPUT ? "route" : "filter", hook, -150);
            case FILTER -> new NftChain.Base("filter", hook, 0);
            case NAT -> new NftChain.Base("nat", hook, switch (point.hook()) {
                case PREROUTING, OUTPUT -> -100;
                // After the source NAT of kube-proxy, which is at srcnat (100).
                case POSTROUTING, INPUT -> 110;
                case FORWARD -> throw new IllegalArgumentException(point.toString());
            });
        };
    }
}
