package io.canal.dataplane.filter;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.ipset.Ipset;
import io.canal.kernel.ipset.IpsetSocket;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.SavedTable;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Passage;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Member;
import io.canal.ruleset.Met;
import io.canal.ruleset.Outcome;
import io.canal.ruleset.Packet;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.nft.NftRendering;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The rules of this node as the kernel has them now, read back and executed for single packets; in the calling thread's network
 * namespace. Of iptables only the rules that are Calico's are looked at.
 */
public final class LiveRules {

    private static final String OURS = "cali";
    private static final Pattern OF_POLICY = Pattern.compile("(^|-)cali-p(r?)[io]-");

    private final String dataplane;
    private final Machine machine;
    private final Set<Ip> local;

    /** What the rules do with a packet, and those that it met in chains of policies and profiles, and where its way at a hook ended. */
    public record Verdict(boolean through, String dataplane, List<Seen> rules) {

        public Verdict {
            rules = List.copyOf(rules);
        }

        /** The last one. */
        public String rule() {
            return rules.isEmpty() ? "" : rules.getLast().met().text();
        }
    }

    /** @param count what it has counted, where it counts */
    public record Seen(Layer layer, Met met, Optional<PacketCount> count) {

        /** Whether it is the rule at this place of this chain. */
        public boolean isIn(ChainName chain) {
            return chain.layer() == layer && (met.chain().equals(chain.name()) || met.chain().equals(NftRendering.name(chain)));
        }
    }

    private interface Machine {
        Outcome run(HookPoint point, Packet packet, Consumer<Met> met);

        Optional<PacketCount> count(Layer layer, Family family, Met rule);
    }

    /** The expressions of our table. */
    private record OfTable(NftTable.Live table) implements Machine {

        @Override
        public Outcome run(HookPoint point, Packet packet, Consumer<Met> met) {
            return table.machine().run(NftRendering.name(point), packet, met);
        }

        @Override
        public Optional<PacketCount> count(Layer layer, Family family, Met rule) {
            List<Optional<PacketCount>> counts = table.counts().getOrDefault(rule.chain(), List.of());
            return rule.rule() <= counts.size() ? counts.get(rule.rule() - 1) : Optional.empty();
        }
    }

    /** The text of iptables' rules that are ours. */
    private record OfText(Map<Family, IptablesMachine> machines, Map<Family, Iptables.Counted> saved) implements Machine {

        @Override
        public Outcome run(HookPoint point, Packet packet, Consumer<Met> met) {
            return Objects.requireNonNull(machines.get(packet.source().family())).run(point.layer().text(), point.hook().name(), packet, met);
        }

        @Override
        public Optional<PacketCount> count(Layer layer, Family family, Met rule) {
            if (!isOurs(rule.chain())) {
                // Of a kernel's chain only our rules were looked at: their places are others.
                return Optional.empty();
            }
            List<PacketCount> counts = Objects.requireNonNull(saved.get(family)).counts().getOrDefault(layer.text(), Map.of()).getOrDefault(rule.chain(), List.of());
            return rule.rule() <= counts.size() ? Optional.of(counts.get(rule.rule() - 1)) : Optional.empty();
        }
    }

    private LiveRules(String dataplane, Machine machine, Set<Ip> local) {
        this.dataplane = dataplane;
        this.machine = machine;
        this.local = local;
    }

    /** Reads the rules of the dataplane that has them; empty where none has. */
    public static Optional<LiveRules> read() throws IOException {
        Set<Ip> local = addresses();
        Optional<NftTable.Live> table = table();
        if (table.isPresent()) {
            return Optional.of(of(table.get(), local));
        }
        for (IptablesBackend backend : IptablesBackend.values()) {
            if (Iptables.installed(backend)) {
                Optional<LiveRules> rules = iptables(backend, local);
                if (rules.isPresent()) {
                    return rules;
                }
            }
        }
        return Optional.empty();
    }

    /** @param local the node's own addresses */
    static LiveRules of(NftTable.Live table, Set<Ip> local) {
        return new LiveRules(FilterBackend.NFTABLES.text(), new OfTable(table), local);
    }

    /** @param local the node's own addresses */
    static LiveRules of(IptablesBackend backend, Map<Family, IptablesMachine> machines, Map<Family, Iptables.Counted> saved, Set<Ip> local) {
        return new LiveRules(backend.text(), new OfText(machines, saved), local);
    }

    private static Optional<NftTable.Live> table() throws IOException {
        Optional<NftablesSocket> socket = NftablesSocket.answering();
        if (socket.isEmpty()) {
            return Optional.empty();
        }
        try (NftTable table = new NftTable(socket.get())) {
            return table.listLive();
        }
    }

    private static Optional<LiveRules> iptables(IptablesBackend backend, Set<Ip> local) throws IOException {
        Map<Family, Iptables.Counted> saved = new EnumMap<>(Family.class);
        for (Family family : Iptables.hasV6() ? Family.values() : new Family[] {Family.V4}) {
            saved.put(family, new Iptables(backend, family == Family.V6).saveCounted());
        }
        if (saved.values().stream().flatMap(counted -> counted.tables().values().stream()).noneMatch(table -> table.policies().keySet().stream().anyMatch(LiveRules::isOurs))) {
            return Optional.empty();
        }
        Map<String, Set<Member>> sets = new HashMap<>();
        try (IpsetSocket socket = IpsetSocket.open()) {
            for (Ipset set : socket.list(LiveRules::isOurs).values()) {
                sets.put(set.name(), set.members().stream().map(member -> new Member(member.net(), member.protocol(), member.port())).collect(Collectors.toSet()));
            }
        } catch (KernelException failure) {
            throw new IOException("the ipsets cannot be read: " + failure.getMessage(), failure);
        }
        Map<Family, IptablesMachine> machines = new EnumMap<>(Family.class);
        saved.forEach((family, counted) -> machines.put(family, new IptablesMachine(text(counted.tables()), sets)));
        return Optional.of(of(backend, machines, saved, local));
    }

    /** Our chains, and of the kernel's chains the rules that are ours. */
    private static String text(Map<String, SavedTable> tables) {
        StringBuilder text = new StringBuilder();
        tables.forEach((name, table) -> {
            text.append('*').append(name).append('\n');
            table.policies().keySet().forEach(chain -> {
                if (isOurs(chain)) {
                    text.append(':').append(chain).append(" - [0:0]\n");
                }
                table.rules(chain).stream().filter(rule -> isOurs(chain) || rule.contains("\"cali:") || rule.contains("-j cali-"))
                        .forEach(rule -> text.append("-A ").append(chain).append(' ').append(rule).append('\n'));
            });
            text.append("COMMIT\n");
        });
        return text.toString();
    }

    private static boolean isOurs(String name) {
        return name.startsWith(OURS);
    }

    private static Set<Ip> addresses() throws IOException {
        Set<Ip> all = new HashSet<>();
        for (NetworkInterface one : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            for (InetAddress address : Collections.list(one.getInetAddresses())) {
                all.add(Ip.ofBytes(address.getAddress()));
            }
        }
        return all;
    }

    /** What the rules do with a packet on its way through the hooks. */
    public Verdict judge(Passage passage) {
        Way way = new Way(passage);
        boolean through = way.whole();
        return new Verdict(through, dataplane, way.seen);
    }

    private final class Way {

        private final Passage passage;
        private final boolean translated;
        private int mark;
        private boolean untracked;
        private final List<Seen> seen = new ArrayList<>();

        Way(Passage passage) {
            this.passage = passage;
            this.translated = !passage.arriving().equals(passage.flow());
        }

        boolean whole() {
            String in = passage.in();
            Flow arriving = passage.arriving();
            if (in.isEmpty()) {
                return at(Layer.RAW, Hook.OUTPUT, "", passage.out(), arriving)
                        && at(Layer.MANGLE, Hook.OUTPUT, "", passage.out(), arriving)
                        && at(Layer.FILTER, Hook.OUTPUT, "", passage.out(), passage.flow())
                        && at(Layer.MANGLE, Hook.POSTROUTING, "", passage.out(), passage.flow());
            }
            if (!at(Layer.RAW, Hook.PREROUTING, in, "", arriving) || !at(Layer.MANGLE, Hook.PREROUTING, in, "", arriving)) {
                return false;
            }
            // What conntrack does not see is not translated: it stays the node's.
            Flow flow = untracked ? arriving : passage.flow();
            String out = untracked && translated ? "" : passage.out();
            return out.isEmpty()
                    ? at(Layer.FILTER, Hook.INPUT, in, "", flow)
                    : at(Layer.FILTER, Hook.FORWARD, in, out, flow) && at(Layer.MANGLE, Hook.POSTROUTING, "", out, flow);
        }

        private boolean at(Layer layer, Hook hook, String in, String out, Flow flow) {
            CtState state = untracked ? CtState.UNTRACKED : switch (passage.state()) {
                case NEW -> CtState.NEW;
                case ESTABLISHED -> CtState.ESTABLISHED;
                case INVALID -> CtState.INVALID;
            };
            Packet packet = new Packet(in, out, flow.source(), flow.destination(), flow.protocol(), flow.sourcePort(), flow.destinationPort(),
                    flow.icmpType(), flow.icmpCode(), mark, state, translated && !untracked, true, local);
            Outcome outcome = machine.run(new HookPoint(layer, hook), packet, met -> {
                if (met.ends() || OF_POLICY.matcher(met.chain()).find()) {
                    seen.add(new Seen(layer, met, machine.count(layer, flow.source().family(), met)));
                }
            });
            mark = outcome.mark();
            untracked |= outcome.untracked();
            return outcome.end() != Outcome.End.DROPPED && outcome.end() != Outcome.End.REJECTED;
        }
    }
}
