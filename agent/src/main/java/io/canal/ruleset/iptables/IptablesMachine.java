package io.canal.ruleset.iptables;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Outcome;
import io.canal.ruleset.Outcome.End;
import io.canal.ruleset.Packet;
import io.canal.ruleset.Ruleset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Executes text for {@code iptables-restore} as the kernel would, on one packet of one family.
 *
 * <p>It knows nothing of the intermediate form: what it is given is what is written to the kernel, or was read from it. An option that
 * it does not know is an error, never passed over.
 */
public final class IptablesMachine {

    private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+)");
    private static final int DEEPEST = 64;

    /** By table and chain: the words of each rule. */
    private final Map<String, Map<String, List<List<String>>>> tables = new HashMap<>();
    private final Map<String, Set<Member>> sets;

    /** @param sets the members of each ipset, by name */
    public IptablesMachine(String text, Map<String, Set<Member>> sets) {
        this.sets = sets;
        Map<String, List<List<String>>> table = new HashMap<>();
        for (String line : text.split("\n")) {
            if (line.startsWith("*")) {
                table = tables.computeIfAbsent(line.substring(1).strip(), name -> new HashMap<>());
            } else if (line.startsWith(":")) {
                table.computeIfAbsent(line.substring(1).split(" ")[0], chain -> new ArrayList<>());
            } else if (line.startsWith("-A ")) {
                List<String> words = words(line);
                table.computeIfAbsent(words.get(1), chain -> new ArrayList<>()).add(words.subList(2, words.size()));
            } else if (!line.isBlank() && !line.startsWith("#") && !line.equals("COMMIT")) {
                throw new IllegalArgumentException("not a line of iptables-restore: " + line);
            }
        }
    }

    /** Executes what a ruleset is rendered to for a family. */
    public static IptablesMachine of(Ruleset ruleset, Ip.Family family) {
        Map<String, Set<Member>> sets = new HashMap<>();
        for (NamedSet set : ruleset.sets()) {
            sets.put(set.ipsetName(), ruleset.members(set));
        }
        return new IptablesMachine(new IptablesRendering(family).wholeText(ruleset), sets);
    }

    /** What becomes of the packet in this kernel chain, whose policy is to accept. */
    public Outcome run(String table, String chain, Packet packet) {
        Run run = new Run(table, packet);
        End end = run.chain(chain, 0);
        return new Outcome(end == null ? End.ACCEPTED : end, run.packet.mark(), run.untracked);
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) != null ? matcher.group(1).replaceAll("\\\\(.)", "$1") : matcher.group(2));
        }
        return words;
    }

    private final class Run {

        private final Map<String, List<List<String>>> chains;
        private Packet packet;
        private boolean untracked;

        Run(String table, Packet packet) {
            chains = tables.getOrDefault(table, Map.of());
            this.packet = packet;
        }

        /** The end, or null where the chain returns. */
        @Nullable End chain(String name, int depth) {
            if (depth > DEEPEST) {
                throw new IllegalStateException("jumps are too deep at chain " + name);
            }
            for (List<String> rule : chains.getOrDefault(name, List.of())) {
                Words words = new Words(rule);
                if (!matches(words)) {
                    continue;
                }
                String verb = words.take("");
                if (verb.isEmpty()) {
                    continue;
                }
                String target = words.take("");
                if (verb.equals("-g")) {
                    return chain(target, depth + 1);
                }
                switch (target) {
                    case "ACCEPT" -> {
                        return End.ACCEPTED;
                    }
                    case "DROP" -> {
                        return End.DROPPED;
                    }
                    case "REJECT" -> {
                        return End.REJECTED;
                    }
                    case "MASQUERADE" -> {
                        return End.MASQUERADED;
                    }
                    case "RETURN" -> {
                        return null;
                    }
                    case "MARK" -> {
                        words.expect("--set-xmark");
                        int[] mark = mark(words.take(""));
                        packet = packet.withMark(packet.mark() & ~mark[1] ^ mark[0]);
                    }
                    case "SNAT" -> {
                        return End.SOURCE_REWRITTEN;
                    }
                    case "DNAT" -> {
                        return End.DESTINATION_REWRITTEN;
                    }
                    case "NOTRACK" -> untracked = true;
                    case "LOG", "DSCP" -> { }
                    default -> {
                        if (!chains.containsKey(target)) {
                            throw new IllegalStateException("there is no chain " + target);
                        }
                        End end = chain(target, depth + 1);
                        if (end != null) {
                            return end;
                        }
                    }
                }
            }
            return null;
        }

        /** Takes all matches off the words, up to the action. */
        private boolean matches(Words words) {
            boolean all = true;
            while (!words.atAction()) {
                boolean negated = words.skip("!");
                String option = words.take("");
                if (option.equals("-m")) {
                    words.take("");
                    continue;
                }
                boolean holds = switch (option) {
                    case "-s" -> inNet(words.take(""), packet.source());
                    case "-d" -> inNet(words.take(""), packet.destination());
                    case "-i" -> named(words.take(""), packet.in());
                    case "-o" -> named(words.take(""), packet.out());
                    case "-p" -> protocol(words.take("")) == packet.protocol();
                    case "--comment" -> !words.take("").isEmpty();
                    case "--mark" -> {
                        int[] mark = mark(words.take(""));
                        yield (packet.mark() & mark[1]) == mark[0];
                    }
                    case "--ctstate" -> state(words.take(""));
                    case "--match-set" -> inSet(words.take(""), words.take(""));
                    case "--dports" -> inPorts(words.take(""), packet.destinationPort());
                    case "--sports" -> inPorts(words.take(""), packet.sourcePort());
                    case "--dst-type" -> local(words.take(""), packet.destination());
                    case "--src-type" -> local(words.take(""), packet.source());
                    case "--icmp-type", "--icmpv6-type" -> icmp(words.take(""));
                    case "--validmark", "--connlimit-saddr" -> true;
                    case "--tcp-flags" -> {
                        words.expect("FIN,SYN,RST,ACK");
                        words.expect("SYN");
                        yield packet.state() == CtState.NEW;
                    }
                    // Few packets come here: no rate is exceeded, and no number of connections.
                    case "--limit", "--limit-burst", "--connlimit-mask" -> !words.take("").isEmpty();
                    case "--connlimit-above" -> words.take("").isEmpty();
                    // rpfilter matches packets that pass; inverted, those that do not. The option stands alone.
                    case "--invert" -> !packet.reversePath();
                    default -> throw new IllegalStateException("option " + option + " is not known");
                };
                // All options are read, also after one that does not hold: the words must come to the action.
                all &= holds != negated;
            }
            return all;
        }

        private boolean inSet(String name, String sides) {
            Set<Member> members = sets.get(name);
            if (members == null) {
                throw new IllegalStateException("there is no set " + name);
            }
            boolean source = sides.startsWith("src");
            Ip address = source ? packet.source() : packet.destination();
            int port = source ? packet.sourcePort() : packet.destinationPort();
            return members.stream().anyMatch(member -> member.net().contains(address)
                    && (!member.hasPort() || member.port() == port && member.protocol() == packet.protocol()));
        }

        private boolean state(String names) {
            Set<String> states = new HashSet<>(List.of(names.split(",")));
            return states.remove("DNAT") && packet.dnat() || states.stream().map(CtState::valueOf).anyMatch(packet.state()::equals);
        }

        private boolean local(String type, Ip address) {
            if (!type.equals("LOCAL")) {
                throw new IllegalStateException("address type " + type + " is not known");
            }
            return packet.local().contains(address);
        }

        private boolean icmp(String text) {
            String[] parts = text.split("/");
            return packet.icmpType() == Integer.parseInt(parts[0]) && (parts.length == 1 || packet.icmpCode() == Integer.parseInt(parts[1]));
        }
    }

    private static boolean inNet(String text, Ip address) {
        Cidr net = text.contains("/") ? IpPrefix.of(text).cidr() : IpPrefix.host(Ip.of(text)).cidr();
        return net.contains(address);
    }

    private static boolean named(String pattern, String iface) {
        return pattern.endsWith("+") ? iface.startsWith(pattern.substring(0, pattern.length() - 1)) : iface.equals(pattern);
    }

    private static boolean inPorts(String list, int port) {
        for (String item : list.split(",")) {
            String[] ends = item.split(":");
            if (port >= Integer.parseInt(ends[0]) && port <= Integer.parseInt(ends[ends.length - 1])) {
                return true;
            }
        }
        return false;
    }

    private static int[] mark(String text) {
        String[] parts = text.split("/");
        return new int[] {Integer.decode(parts[0]), parts.length > 1 ? (int) Long.decode(parts[1]).longValue() : -1};
    }

    private static int protocol(String name) {
        return switch (name) {
            case "icmp" -> 1;
            case "ipencap" -> 4;
            case "tcp" -> 6;
            case "udp" -> 17;
            case "ipv6-icmp" -> 58;
            case "sctp" -> 132;
            case "udplite" -> 136;
            default -> Integer.parseInt(name);
        };
    }

    private static final class Words {

        private final Deque<String> left;

        Words(List<String> words) {
            left = new ArrayDeque<>(words);
        }

        boolean atAction() {
            String next = left.peek();
            return next == null || next.equals("-j") || next.equals("-g");
        }

        boolean skip(String word) {
            if (word.equals(left.peek())) {
                left.remove();
                return true;
            }
            return false;
        }

        String take(String substitute) {
            String next = left.poll();
            return next == null ? substitute : next;
        }

        void expect(String word) {
            if (!skip(word)) {
                throw new IllegalStateException("expected " + word + ", not " + left.peek());
            }
        }
    }
}
