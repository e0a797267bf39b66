package io.canal.ruleset.iptables;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Member;
import io.canal.ruleset.Met;
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
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Executes text for {@code iptables-restore} as the kernel would, on one packet of one family.
 *
 * <p>It knows nothing of the intermediate form: what it is given is what is written to the kernel, or was read from it. An option that
 * it does not know is an error, never passed over.
 */
public final class IptablesMachine {

    private static final int DEEPEST = 64;

    private static final Map<String, End> ENDS = Map.of("ACCEPT", End.ACCEPTED, "DROP", End.DROPPED, "REJECT", End.REJECTED,
            "MASQUERADE", End.MASQUERADED, "SNAT", End.SOURCE_REWRITTEN, "DNAT", End.DESTINATION_REWRITTEN);

    private final Map<String, Map<String, List<Compiled>>> tables = new HashMap<>();
    private final Map<String, Set<Member>> sets;

    /** @param sets the members of each ipset, by name */
    public IptablesMachine(String text, Map<String, Set<Member>> sets) {
        this.sets = sets;
        Map<String, List<Compiled>> table = new HashMap<>();
        for (String line : text.split("\n")) {
            if (line.startsWith("*")) {
                table = tables.computeIfAbsent(line.substring(1).strip(), name -> new HashMap<>());
            } else if (line.startsWith(":")) {
                table.computeIfAbsent(line.substring(1).split(" ")[0], chain -> new ArrayList<>());
            } else if (line.startsWith("-A ")) {
                List<String> words = words(line);
                table.computeIfAbsent(words.get(1), chain -> new ArrayList<>()).add(compile(new Words(words.subList(2, words.size()))));
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
        return run(table, chain, packet, rule -> { });
    }

    /** @param met takes each rule that the packet meets, in order; one that leads to another chain before those of that chain */
    public Outcome run(String table, String chain, Packet packet, Consumer<Met> met) {
        Run run = new Run(table, packet, met);
        End end = run.chain(chain, 0);
        return new Outcome(end == null ? End.ACCEPTED : end, run.packet.mark(), run.untracked);
    }

    /** Words are parted by blanks; one in quotes may have some, and marks with a backslash what stands for itself. */
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        int at = 0;
        while (at < line.length()) {
            char first = line.charAt(at);
            if (first == ' ') {
                at++;
            } else if (first == '"') {
                StringBuilder word = new StringBuilder();
                at++;
                while (at < line.length() && line.charAt(at) != '"') {
                    at += line.charAt(at) == '\\' && at + 1 < line.length() ? 1 : 0;
                    word.append(line.charAt(at++));
                }
                if (at == line.length()) {
                    throw new IllegalArgumentException("a quote that does not end: " + line);
                }
                words.add(word.toString());
                at++;
            } else {
                int end = line.indexOf(' ', at);
                end = end < 0 ? line.length() : end;
                words.add(line.substring(at, end));
                at = end;
            }
        }
        return words;
    }

    /**
     * One rule, read once.
     *
     * @param verb {@code -j}, {@code -g}, or empty where the rule does nothing
     * @param mark value and mask of a MARK target
     * @param comments of the rule, the hash tag first
     * @param sets in which packets are looked up
     */
    private record Compiled(List<Predicate<Packet>> matches, String verb, String target, int[] mark, String comments, List<String> sets) {

        boolean matches(Packet packet) {
            for (Predicate<Packet> match : matches) {
                if (!match.test(packet)) {
                    return false;
                }
            }
            return true;
        }
    }

    private Compiled compile(Words words) {
        List<Predicate<Packet>> matches = new ArrayList<>();
        List<String> comments = new ArrayList<>();
        List<String> looked = new ArrayList<>();
        while (!words.atAction()) {
            boolean negated = words.skip("!");
            String option = words.take("");
            if (option.equals("-m")) {
                words.take("");
                continue;
            }
            if (option.equals("--comment")) {
                comments.add(words.take(""));
                continue;
            }
            if (option.equals("--match-set")) {
                looked.add(words.next());
            }
            Predicate<Packet> match = match(option, words);
            matches.add(negated ? match.negate() : match);
        }
        String verb = words.take("");
        String target = words.take("");
        int[] mark = {0, 0};
        if (verb.equals("-j") && target.equals("MARK")) {
            words.expect("--set-xmark");
            mark = mark(words.take(""));
        }
        return new Compiled(matches, verb, target, mark, String.join("; ", comments), looked);
    }

    private Predicate<Packet> match(String option, Words words) {
        return switch (option) {
            case "-s" -> {
                Cidr net = net(words.take(""));
                yield packet -> net.contains(packet.source());
            }
            case "-d" -> {
                Cidr net = net(words.take(""));
                yield packet -> net.contains(packet.destination());
            }
            case "-i" -> {
                String pattern = words.take("");
                yield packet -> named(pattern, packet.in());
            }
            case "-o" -> {
                String pattern = words.take("");
                yield packet -> named(pattern, packet.out());
            }
            case "-p" -> {
                int number = protocol(words.take(""));
                yield packet -> packet.protocol() == number;
            }
            // Few packets come here: no rate is exceeded.
            case "--limit", "--limit-burst", "--connlimit-mask" -> {
                words.take("");
                yield packet -> true;
            }
            case "--validmark", "--connlimit-saddr" -> packet -> true;
            case "--mark" -> {
                int[] mark = mark(words.take(""));
                yield packet -> (packet.mark() & mark[1]) == mark[0];
            }
            case "--ctstate" -> {
                Set<String> states = new HashSet<>(List.of(words.take("").split(",")));
                boolean translated = states.remove("DNAT");
                Set<CtState> any = states.stream().map(CtState::valueOf).collect(Collectors.toSet());
                yield packet -> translated && packet.dnat() || any.contains(packet.state());
            }
            case "--match-set" -> inSet(words.take(""), words.take(""));
            case "--dports" -> {
                int[] ranges = ports(words.take(""));
                yield packet -> within(ranges, packet.destinationPort());
            }
            case "--sports" -> {
                int[] ranges = ports(words.take(""));
                yield packet -> within(ranges, packet.sourcePort());
            }
            case "--dst-type" -> {
                words.expect("LOCAL");
                yield packet -> packet.local().contains(packet.destination());
            }
            case "--src-type" -> {
                words.expect("LOCAL");
                yield packet -> packet.local().contains(packet.source());
            }
            case "--icmp-type", "--icmpv6-type" -> {
                String[] parts = words.take("").split("/");
                int type = Integer.parseInt(parts[0]);
                int code = parts.length == 1 ? -1 : Integer.parseInt(parts[1]);
                yield packet -> packet.icmpType() == type && (code < 0 || packet.icmpCode() == code);
            }
            case "--tcp-flags" -> {
                words.expect("FIN,SYN,RST,ACK");
                words.expect("SYN");
                yield packet -> packet.state() == CtState.NEW;
            }
            // Few packets come here: no number of connections is exceeded.
            case "--connlimit-above" -> {
                words.take("");
                yield packet -> false;
            }
            // rpfilter matches packets that pass; inverted, those that do not. The option stands alone.
            case "--invert" -> packet -> !packet.reversePath();
            default -> throw new IllegalArgumentException("option " + option + " is not known");
        };
    }

    private Predicate<Packet> inSet(String name, String sides) {
        Set<Member> members = sets.get(name);
        if (members == null) {
            throw new IllegalArgumentException("there is no set " + name);
        }
        boolean source = sides.startsWith("src");
        return packet -> {
            Ip address = source ? packet.source() : packet.destination();
            int port = source ? packet.sourcePort() : packet.destinationPort();
            for (Member member : members) {
                if (member.net().contains(address) && (!member.hasPort() || member.port() == port && member.protocol() == packet.protocol())) {
                    return true;
                }
            }
            return false;
        };
    }

    private final class Run {

        private final Map<String, List<Compiled>> chains;
        private final Consumer<Met> met;
        private Packet packet;
        private boolean untracked;

        Run(String table, Packet packet, Consumer<Met> met) {
            this.met = met;
            chains = tables.getOrDefault(table, Map.of());
            this.packet = packet;
        }

        /** The end, or null where the chain returns. */
        @Nullable End chain(String name, int depth) {
            if (depth > DEEPEST) {
                throw new IllegalStateException("jumps are too deep at chain " + name);
            }
            List<Compiled> rules = chains.getOrDefault(name, List.of());
            for (int i = 0; i < rules.size(); i++) {
                Compiled rule = rules.get(i);
                if (rule.verb().isEmpty() || !rule.matches(packet)) {
                    continue;
                }
                met.accept(new Met(name, i + 1, rule.comments(), rule.sets(), ENDS.containsKey(rule.target())));
                if (rule.verb().equals("-g")) {
                    return chain(rule.target(), depth + 1);
                }
                End ending = ENDS.get(rule.target());
                if (ending != null) {
                    return ending;
                }
                switch (rule.target()) {
                    case "RETURN" -> {
                        return null;
                    }
                    case "MARK" -> packet = packet.withMark(packet.mark() & ~rule.mark()[1] ^ rule.mark()[0]);
                    case "NOTRACK" -> untracked = true;
                    case "LOG", "DSCP" -> { }
                    default -> {
                        if (!chains.containsKey(rule.target())) {
                            throw new IllegalStateException("there is no chain " + rule.target());
                        }
                        End end = chain(rule.target(), depth + 1);
                        if (end != null) {
                            return end;
                        }
                    }
                }
            }
            return null;
        }
    }

    private static Cidr net(String text) {
        return text.contains("/") ? IpPrefix.of(text).cidr() : IpPrefix.host(Ip.of(text)).cidr();
    }

    private static boolean named(String pattern, String iface) {
        return pattern.endsWith("+") ? iface.startsWith(pattern.substring(0, pattern.length() - 1)) : iface.equals(pattern);
    }

    /** Beginnings and ends in turn. */
    private static int[] ports(String list) {
        String[] items = list.split(",");
        int[] ranges = new int[items.length * 2];
        for (int i = 0; i < items.length; i++) {
            String[] ends = items[i].split(":");
            ranges[2 * i] = Integer.parseInt(ends[0]);
            ranges[2 * i + 1] = Integer.parseInt(ends[ends.length - 1]);
        }
        return ranges;
    }

    private static boolean within(int[] ranges, int port) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (port >= ranges[i] && port <= ranges[i + 1]) {
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

        String next() {
            String next = left.peek();
            return next == null ? "" : next;
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
