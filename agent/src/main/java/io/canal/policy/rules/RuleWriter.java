package io.canal.policy.rules;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.policy.AddressSet;
import io.canal.policy.ResolvedRule;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.ResolvedRule.Proto;
import io.canal.ruleset.Action;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One rule of a policy as packet-filter rules of one family.
 *
 * <p>A packet-filter rule ands its matches, and has room for one address of each side and 15 ports of each list, so that a rule with
 * longer lists becomes several: {@link MatchBlocks}.
 */
final class RuleWriter {

    private static final int ICMP = 1;
    private static final int ICMP_V6 = 58;
    /** The protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
    private static final Set<Integer> WITH_PORTS = Set.of(6, 17, 33, 132, 136);
    /** Those that a policy may give ports for. */
    private static final List<Integer> PORTS_FOR = List.of(6, 17, 132);
    /** The slots of one multiport match; a range takes two. */
    private static final int SLOTS = 15;

    private final Verdicts verdicts;
    private final Layer layer;
    private final Family family;
    private final Action.Log log;

    RuleWriter(Verdicts verdicts, Layer layer, Family family, Action.Log log) {
        this.verdicts = verdicts;
        this.layer = layer;
        this.family = family;
        this.log = log;
    }

    /** None where the rule says nothing of this family. */
    List<Rule> write(ResolvedRule rule) {
        List<Rule> written = new ArrayList<>();
        if (isForFamily(rule)) {
            for (Optional<Proto> protocol : protocols(rule)) {
                written.addAll(write(rule, protocol));
            }
        }
        if (rule.annotations().isEmpty()) {
            return written;
        }
        return written.stream().map(each -> annotated(each, rule.annotations())).toList();
    }

    private static Rule annotated(Rule rule, Map<String, String> annotations) {
        Rule with = rule;
        for (Map.Entry<String, String> annotation : annotations.entrySet()) {
            with = with.comment(Names.comment(annotation.getKey() + "=" + annotation.getValue()));
        }
        return with.action() instanceof Action.Conclude conclude ? with.with(new Action.Conclude(conclude.bits(), conclude.end(), with.comments())) : with;
    }

    /** A list of which nothing is left in this family matches nothing, be it negated or not; nothing is outside of all addresses. */
    private boolean isForFamily(ResolvedRule rule) {
        if (rule.ipVersion().filter(version -> version != family).isPresent()) {
            return false;
        }
        for (End end : List.of(rule.source(), rule.destination())) {
            boolean empty = !end.nets().isEmpty() && nets(end.nets()).isEmpty() || !end.notNets().isEmpty() && nets(end.notNets()).isEmpty();
            if (empty || nets(end.notNets()).stream().anyMatch(net -> net.length() == 0)) {
                return false;
            }
        }
        int other = family == Family.V4 ? ICMP_V6 : ICMP;
        return rule.protocol().filter(protocol -> protocol.number() == other && (protocol.named() || asksIcmp(rule))).isEmpty();
    }

    private static boolean asksIcmp(ResolvedRule rule) {
        return rule.icmp().isPresent() || rule.notIcmp().isPresent();
    }

    /**
     * The protocol to match: none where any will do, several where ports are given without one. One that is asked for makes the one
     * that is not asked for superfluous, or the rule void.
     */
    private List<Optional<Proto>> protocols(ResolvedRule rule) {
        Optional<Proto> asked = rule.protocol();
        if (asked.isEmpty() && asksIcmp(rule)) {
            asked = Optional.of(new Proto(family == Family.V4 ? ICMP : ICMP_V6, true));
        }
        boolean ports = List.of(rule.source(), rule.destination()).stream().anyMatch(end -> !end.ports().isEmpty() || !end.notPorts().isEmpty());
        if (asked.isEmpty() && ports) {
            return PORTS_FOR.stream().filter(number -> rule.notProtocol().filter(not -> not.number() == number).isEmpty())
                    .map(number -> Optional.of(new Proto(number, true))).toList();
        }
        int number = asked.map(Proto::number).orElse(-1);
        boolean voided = rule.notProtocol().filter(not -> not.number() == number).isPresent()
                || asked.isPresent() && !WITH_PORTS.contains(number) && onlyPorts(rule)
                || asksIcmp(rule) && number != (family == Family.V4 ? ICMP : ICMP_V6);
        return voided ? List.of() : List.of(asked);
    }

    private static boolean onlyPorts(ResolvedRule rule) {
        return List.of(rule.source(), rule.destination()).stream().anyMatch(end -> !end.ports().isEmpty() && end.namedPorts().isEmpty());
    }

    private List<Rule> write(ResolvedRule rule, Optional<Proto> protocol) {
        MatchBlocks blocks = new MatchBlocks(verdicts.marks());
        boolean hasPorts = protocol.filter(one -> WITH_PORTS.contains(one.number())).isPresent();
        OneEnd source = new OneEnd(Side.SOURCE, rule.source(), hasPorts);
        OneEnd destination = new OneEnd(Side.DESTINATION, rule.destination(), hasPorts);
        Optional<Match> protocolMatch = protocol.map(one -> new Match.Protocol(one.number(), one.named(), false));
        source.portBlock(blocks, protocolMatch);
        destination.portBlock(blocks, protocolMatch);
        source.netBlock(blocks);
        destination.netBlock(blocks);
        source.notNetBlock(blocks);
        destination.notNetBlock(blocks);

        List<Match> matches = new ArrayList<>();
        protocolMatch.ifPresent(matches::add);
        source.matches(matches);
        destination.matches(matches);
        rule.icmp().ifPresent(icmp -> matches.add(new Match.Icmp(icmp.type(), icmp.code(), false)));
        if (protocol.isEmpty()) {
            rule.notProtocol().ifPresent(not -> matches.add(new Match.Protocol(not.number(), not.named(), true)));
        }
        source.notMatches(matches);
        destination.notMatches(matches);
        rule.notIcmp().ifPresent(icmp -> matches.add(new Match.Icmp(icmp.type(), icmp.code(), true)));
        blocks.passed().ifPresent(matches::add);

        List<Rule> written = new ArrayList<>(blocks.rules());
        written.addAll(decide(rule.action(), matches));
        return written;
    }

    private List<Rule> decide(ResolvedRule.Verdict action, List<Match> matches) {
        Match[] all = matches.toArray(Match[]::new);
        Marks marks = verdicts.marks();
        return switch (action) {
            case ALLOW -> List.of(conclude(marks.accept(), new Action.Return(), all));
            case PASS -> List.of(conclude(marks.pass(), new Action.Return(), all));
            case DENY -> List.of(conclude(marks.drop(), verdicts.deny(layer), all));
            case LOG -> {
                RuleSettings settings = verdicts.settings();
                if (settings.logRate().packets() > 0) {
                    matches.add(new Match.WithinRate(settings.logRate().packets(), settings.logRate().unit(), settings.logBurst()));
                }
                yield List.of(Rule.of(log, matches.toArray(Match[]::new)).counted());
            }
        };
    }

    private static Rule conclude(int bits, Action end, Match... matches) {
        return Rule.of(new Action.Conclude(bits, end, List.of()), matches).counted();
    }

    private List<Cidr> nets(List<Cidr> nets) {
        return nets.stream().filter(net -> net.family() == family).toList();
    }

    /** The part of a rule that is about one end; what went into a block is left out of the rest. */
    private final class OneEnd {

        private final Side side;
        private final End end;
        private final List<List<PortRange>> ports;
        private final List<Cidr> nets;
        private final List<Cidr> notNets;
        private final boolean hasPorts;
        private boolean portsDone;
        private boolean netsDone;
        private boolean notNetsDone;

        OneEnd(Side side, End end, boolean hasPorts) {
            this.side = side;
            this.end = end;
            this.hasPorts = hasPorts;
            ports = hasPorts ? split(end.ports()) : List.of();
            nets = nets(end.nets());
            notNets = nets(end.notNets());
        }

        void portBlock(MatchBlocks blocks, Optional<Match> protocol) {
            if (ports.size() + end.namedPorts().size() > 1) {
                List<List<Match>> alternatives = new ArrayList<>();
                ports.forEach(some -> {
                    List<Match> matches = new ArrayList<>();
                    protocol.ifPresent(matches::add);
                    matches.add(new Match.Ports(side, some, false));
                    alternatives.add(matches);
                });
                end.namedPorts().forEach(set -> alternatives.add(List.of(in(set, false))));
                blocks.oneOf(alternatives);
                portsDone = true;
            }
        }

        void netBlock(MatchBlocks blocks) {
            if (nets.size() > 1) {
                blocks.oneOf(nets.stream().map(net -> List.<Match>of(new Match.Net(side, net, false))).toList());
                netsDone = true;
            }
        }

        void notNetBlock(MatchBlocks blocks) {
            if (!notNets.isEmpty() && (netsDone ? 0 : nets.size()) + notNets.size() > 1) {
                blocks.noneOf(notNets.stream().map(net -> List.<Match>of(new Match.Net(side, net, false))).toList());
                notNetsDone = true;
            }
        }

        void matches(List<Match> matches) {
            if (!netsDone) {
                nets.forEach(net -> matches.add(new Match.Net(side, net, false)));
            }
            end.sets().forEach(set -> matches.add(in(set, false)));
            if (!portsDone) {
                ports.forEach(some -> matches.add(new Match.Ports(side, some, false)));
                end.namedPorts().forEach(set -> matches.add(in(set, false)));
            }
        }

        void notMatches(List<Match> matches) {
            if (!notNetsDone) {
                notNets.forEach(net -> matches.add(new Match.Net(side, net, true)));
            }
            end.notSets().forEach(set -> matches.add(in(set, true)));
            if (hasPorts) {
                split(end.notPorts()).forEach(some -> matches.add(new Match.Ports(side, some, true)));
            }
            end.notNamedPorts().forEach(set -> matches.add(in(set, true)));
        }

        private Match in(AddressSet set, boolean negated) {
            NamedSet named = set.of(family);
            return new Match.InSet(side, named, negated);
        }
    }

    private static List<List<PortRange>> split(List<PortRange> ports) {
        List<List<PortRange>> splits = new ArrayList<>();
        int left = 0;
        for (PortRange range : ports) {
            int slots = range.first() == range.last() ? 1 : 2;
            if (left < slots) {
                splits.add(new ArrayList<>());
                left = SLOTS;
            }
            splits.getLast().add(range);
            left -= slots;
        }
        return splits;
    }
}
