package io.canal.ruleset.iptables;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Match;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Signature;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A rule's two spellings: {@link #saved}, as {@code iptables-save} prints it, and {@link #felix}, Felix's long internal one, which
 * only its hash tags are made of.
 */
final class RuleText {

    /** The order in which the kernel's conntrack states are printed. */
    private static final List<CtState> PRINTED =
            List.of(CtState.INVALID, CtState.NEW, CtState.RELATED, CtState.ESTABLISHED, CtState.UNTRACKED);

    private static final String TCP_SYN = "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN";
    /** XT_LIMIT_BURST: it is not printed. */
    private static final long DEFAULT_BURST = 5;
    /** XT_LIMIT_SCALE: iptables refuses more packets per second, and with that rule all others. */
    private static final long FASTEST = 10_000;
    /** {@code xt_log_info.prefix} without the NUL. */
    private static final int LONGEST_PREFIX = 29;

    private final Family family;

    RuleText(Family family) {
        this.family = family;
    }

    /** The rule without {@code -A chain}; {@code tag} is empty where the rule has none. */
    String saved(Rule rule, String tag) {
        List<String> words = new ArrayList<>();
        // Addresses, interfaces and the protocol are fields of the rule and come first, in this order, whatever the order of matches.
        for (Side side : Side.values()) {
            rule.matches().forEach(match -> {
                if (match instanceof Match.Address address && address.side() == side) {
                    words.add((side == Side.SOURCE ? "-s " : "-d ") + address.net().net());
                }
                // A block of all addresses says nothing, and is not printed.
                if (match instanceof Match.Net net && net.side() == side && (net.net().length() > 0 || net.negated())) {
                    words.add(not(net.negated()) + (side == Side.SOURCE ? "-s " : "-d ") + net.net());
                }
            });
        }
        for (Way way : Way.values()) {
            rule.matches().forEach(match -> {
                if (match instanceof Match.Interface iface && iface.way() == way) {
                    words.add(not(iface.negated()) + (way == Way.IN ? "-i " : "-o ") + name(iface));
                }
            });
        }
        rule.matches().forEach(match -> {
            if (match instanceof Match.Protocol protocol) {
                words.add(not(protocol.negated()) + "-p " + savedProtocol(protocol.number()));
            }
        });
        List<String> comments = rule.comments().stream().map(RuleText::savedComment).toList();
        if (rule.signature() == Signature.TAG) {
            words.add(savedComment("cali:" + tag));
            words.addAll(comments);
        }
        rule.matches().stream().map(this::savedModule).filter(text -> !text.isEmpty()).forEach(words::add);
        if (rule.signature() == Signature.TEXT) {
            words.addAll(comments);
        }
        String action = savedAction(rule.action());
        if (!action.isEmpty()) {
            words.add(action);
        }
        return String.join(" ", words);
    }

    /** The rule after {@code -A chain HASH}. */
    String felix(Rule rule) {
        List<String> words = new ArrayList<>();
        rule.comments().forEach(text -> words.add(comment(text)));
        rule.matches().forEach(match -> words.add(felixMatch(match)));
        String action = felixAction(rule.action());
        if (!action.isEmpty()) {
            words.add(action);
        }
        return String.join(" ", words);
    }

    private String savedModule(Match match) {
        return switch (match) {
            case Match.Net net -> "";
            case Match.Address address -> "";
            case Match.Interface iface -> "";
            case Match.Protocol protocol -> "";
            case Match.InSet in -> set(in);
            case Match.Ports ports -> "-m multiport " + not(ports.negated()) + (ports.side() == Side.SOURCE ? "--sports " : "--dports ")
                    + ports(ports);
            case Match.Mark mark -> "-m mark " + not(mark.negated()) + "--mark " + hex(mark.value()) + "/" + hex(mark.mask());
            case Match.Conntrack ct -> "-m conntrack " + not(ct.negated()) + "--ctstate " + states(ct);
            case Match.Dnat dnat -> "-m conntrack " + not(dnat.negated()) + "--ctstate DNAT";
            case Match.Local local -> local(local);
            case Match.Icmp icmp -> icmp(icmp);
            case Match.TcpSyn syn -> TCP_SYN;
            case Match.WithinRate rate -> "-m limit --limit " + Math.min(rate.packets(), FASTEST) + "/" + rate.unit().text() + (rate.burst() == DEFAULT_BURST ? "" : " --limit-burst " + rate.burst());
            case Match.ConnectionsAbove above -> "-m connlimit --connlimit-above " + above.limit() + " --connlimit-mask 0 --connlimit-saddr";
            case Match.NotReversePath reverse -> "-m rpfilter --validmark --invert";
        };
    }

    private String felixMatch(Match match) {
        return switch (match) {
            case Match.Net net -> not(net.negated()) + (net.side() == Side.SOURCE ? "--source " : "--destination ") + net.net();
            case Match.Address address -> (address.side() == Side.SOURCE ? "--source " : "--destination ") + address.address();
            case Match.Interface iface -> not(iface.negated()) + (iface.way() == Way.IN ? "--in-interface " : "--out-interface ") + name(iface);
            case Match.Protocol protocol -> not(protocol.negated()) + "-p "
                    + (protocol.named() ? felixProtocol(protocol.number()) : Integer.toString(protocol.number()));
            case Match.InSet in -> set(in);
            case Match.Ports ports -> "-m multiport " + not(ports.negated())
                    + (ports.side() == Side.SOURCE ? "--source-ports " : "--destination-ports ") + ports(ports);
            case Match.Mark mark -> "-m mark " + not(mark.negated()) + "--mark " + felixMark(mark.value(), mark.mask());
            case Match.Conntrack ct -> "-m conntrack " + not(ct.negated()) + "--ctstate " + states(ct);
            case Match.Dnat dnat -> "-m conntrack " + not(dnat.negated()) + "--ctstate DNAT";
            case Match.Local local -> local(local);
            case Match.Icmp icmp -> icmp(icmp);
            case Match.TcpSyn syn -> TCP_SYN;
            case Match.WithinRate rate -> "-m limit --limit " + rate.packets() + "/" + rate.unit().text() + " --limit-burst " + rate.burst();
            case Match.ConnectionsAbove above -> "-m connlimit --connlimit-above " + above.limit() + " --connlimit-mask 0";
            case Match.NotReversePath reverse -> "-m rpfilter --invert --validmark";
        };
    }

    private String savedAction(Action action) {
        return switch (action) {
            case Action.Accept accept -> "-j ACCEPT";
            case Action.Drop drop -> "-j DROP";
            case Action.Return back -> "-j RETURN";
            case Action.Jump jump -> "-j " + jump.chain().name();
            case Action.Goto go -> "-g " + go.chain().name();
            case Action.SetMark mark -> "-j MARK --set-xmark " + hex(mark.value() & mark.mask()) + "/" + hex(mark.mask());
            case Action.Conclude conclude -> throw twoRules(conclude);
            case Action.ClearMark clear -> "-j MARK --set-xmark 0x0/" + hex(clear.mask());
            case Action.Masquerade masquerade -> "-j MASQUERADE" + ports(masquerade) + (masquerade.fullyRandom() ? " --random-fully" : "");
            case Action.Snat snat -> "-j SNAT --to-source " + source(snat) + (snat.fullyRandom() ? " --random-fully" : "");
            case Action.Dnat dnat -> "-j DNAT --to-destination " + dnat.to();
            case Action.Dscp dscp -> "-j DSCP --set-dscp " + String.format(Locale.ROOT, "0x%02x", dscp.value());
            case Action.Reject reject -> "-j REJECT --reject-with " + with(reject.with());
            case Action.Log log -> "-j LOG --log-prefix \"" + cut(log.prefix()) + "\" --log-level " + log.level();
            case Action.NoTrack noTrack -> "-j NOTRACK";
            case Action.Nothing nothing -> "";
        };
    }

    private String felixAction(Action action) {
        return switch (action) {
            case Action.Accept accept -> "--jump ACCEPT";
            case Action.Drop drop -> "--jump DROP";
            case Action.Return back -> "--jump RETURN";
            case Action.Jump jump -> "--jump " + jump.chain().name();
            case Action.Goto go -> "--goto " + go.chain().name();
            case Action.SetMark mark -> "--jump MARK --set-mark " + hex(mark.value() & mark.mask()) + "/" + hex(mark.mask());
            case Action.Conclude conclude -> throw twoRules(conclude);
            case Action.ClearMark clear -> "--jump MARK --set-mark 0/" + hex(clear.mask());
            case Action.Masquerade masquerade -> "--jump MASQUERADE" + ports(masquerade) + (masquerade.fullyRandom() ? " --random-fully" : "");
            case Action.Snat snat -> "--jump SNAT --to-source " + source(snat) + (snat.fullyRandom() ? " --random-fully" : "");
            case Action.Dnat dnat -> "--jump DNAT --to-destination " + dnat.to();
            case Action.Dscp dscp -> "--jump DSCP --set-dscp " + dscp.value();
            case Action.Reject reject -> reject.with() == Action.With.PORT_UNREACHABLE ? "--jump REJECT" : "-j REJECT --reject-with " + with(reject.with());
            case Action.Log log -> "--jump LOG --log-prefix \"" + log.prefix() + "\" --log-level " + log.level();
            case Action.NoTrack noTrack -> "--jump NOTRACK";
            case Action.Nothing nothing -> "";
        };
    }

    private static IllegalArgumentException twoRules(Action.Conclude conclude) {
        return new IllegalArgumentException("to mark and to decide is two rules of iptables: " + conclude);
    }

    private static String comment(String text) {
        return "-m comment --comment \"" + text + "\"";
    }

    /** A plain word is printed without quotes (xtables_save_string). */
    private static String savedComment(String text) {
        boolean plain = !text.isEmpty() && text.chars().allMatch(c -> c == '_' || c == '-'
                || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z');
        return plain ? "-m comment --comment " + text : comment(text);
    }

    private static String set(Match.InSet in) {
        String end = in.side() == Side.SOURCE ? "src" : "dst";
        return "-m set " + not(in.negated()) + "--match-set " + in.set().ipsetName() + " "
                + (in.set().kind() == NamedSet.Kind.ADDRESS_PORT ? end + "," + end : end);
    }

    private static String local(Match.Local local) {
        return "-m addrtype " + not(local.negated()) + (local.side() == Side.SOURCE ? "--src-type LOCAL" : "--dst-type LOCAL");
    }

    private String icmp(Match.Icmp icmp) {
        String type = icmp.code() < 0 ? "" + icmp.type() : icmp.type() + "/" + icmp.code();
        return (family == Family.V4 ? "-m icmp " : "-m icmp6 ") + not(icmp.negated())
                + (family == Family.V4 ? "--icmp-type " : "--icmpv6-type ") + type;
    }

    private String with(Action.With with) {
        return switch (with) {
            case PORT_UNREACHABLE -> family == Family.V4 ? "icmp-port-unreachable" : "icmp6-port-unreachable";
            case TCP_RESET -> "tcp-reset";
        };
    }

    private static String ports(Action.Masquerade masquerade) {
        return masquerade.ports().map(ports -> " --to-ports " + ports.first() + "-" + ports.last()).orElse("");
    }

    private static String source(Action.Snat snat) {
        String address = snat.to().toString();
        return snat.ports().map(ports -> (snat.to().isV4() ? address : "[" + address + "]") + ":" + ports.first() + "-" + ports.last()).orElse(address);
    }

    private static String cut(String prefix) {
        return prefix.length() > LONGEST_PREFIX ? prefix.substring(0, LONGEST_PREFIX) : prefix;
    }

    private static String states(Match.Conntrack ct) {
        return PRINTED.stream().filter(ct.states()::contains).map(Enum::name).collect(Collectors.joining(","));
    }

    private static String ports(Match.Ports ports) {
        return ports.ranges().stream().map(PortRange::toString).collect(Collectors.joining(","));
    }

    private static String name(Match.Interface iface) {
        return iface.prefix() ? iface.name() + "+" : iface.name();
    }

    /** As in /etc/protocols, which iptables-save asks. */
    private static String savedProtocol(int number) {
        return switch (number) {
            case 1 -> "icmp";
            case 4 -> "ipencap";
            case 6 -> "tcp";
            case 17 -> "udp";
            case 58 -> "ipv6-icmp";
            case 132 -> "sctp";
            case 136 -> "udplite";
            default -> Integer.toString(number);
        };
    }

    private static String felixProtocol(int number) {
        return switch (number) {
            case 1 -> "icmp";
            case 6 -> "tcp";
            case 17 -> "udp";
            case 58 -> "icmpv6";
            case 132 -> "sctp";
            case 136 -> "udplite";
            default -> Integer.toString(number);
        };
    }

    private static String felixMark(int value, int mask) {
        return (value == 0 ? "0" : hex(value)) + "/" + hex(mask);
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    private static String not(boolean negated) {
        return negated ? "! " : "";
    }
}
