package io.canal.policy.testing;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Passage;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Outcome;
import io.canal.ruleset.Packet;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.nft.NftMachine;
import io.canal.ruleset.nft.NftRendering;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/** A packet's way through the hooks of a node, on rules as they were rendered for one dataplane. */
public final class PacketWay {

    private static final int TCP = 6;

    private final String dataplane;
    private final BiFunction<HookPoint, Packet, Outcome> machine;
    private final Map<String, Set<Ip>> pods;
    private final Set<Ip> local;

    private PacketWay(String dataplane, RenderedNode node, BiFunction<HookPoint, Packet, Outcome> machine) {
        this.dataplane = dataplane;
        this.machine = machine;
        pods = node.pods();
        local = node.local();
    }

    static PacketWay nftables(RenderedNode node) {
        NftMachine machine = NftMachine.of(node.ruleset());
        return new PacketWay("nftables", node, (point, packet) -> machine.run(NftRendering.name(point), packet));
    }

    static PacketWay iptables(RenderedNode node, Family... families) {
        Map<Family, IptablesMachine> machines = new EnumMap<>(Family.class);
        for (Family family : families) {
            machines.put(family, IptablesMachine.of(node.ruleset(), family));
        }
        return new PacketWay("iptables", node, (point, packet) ->
                machines.get(packet.source().family()).run(point.layer().text(), point.hook().name(), packet));
    }

    /** {@code nftables} or {@code iptables}. */
    public String dataplane() {
        return dataplane;
    }

    /** Whether a packet gets through, and whether it was kept out of conntrack. */
    public record Result(boolean through, boolean untracked) {}

    /** Whether a packet and its answer get through. */
    public boolean exchange(Passage request) {
        boolean translated = !request.arriving().equals(request.flow());
        Result asked = run(request, translated);
        if (!asked.through() || asked.untracked() && translated) {
            return false;
        }
        Flow answer = request.flow().answer();
        // Conntrack takes a datagram for the first of a connection, but neither SYN-ACK nor an answer of ICMP.
        Passage.State state = !asked.untracked() ? Passage.State.ESTABLISHED
                : answer.protocol() == TCP || answer.isIcmp() ? Passage.State.INVALID : Passage.State.NEW;
        return run(new Passage(request.out(), request.in(), answer, answer, state), translated).through();
    }

    /** @param translated whether the packet's connection had its destination rewritten */
    public Result run(Passage passage, boolean translated) {
        Run run = new Run(passage, translated);
        boolean through = run.whole();
        return new Result(through, run.untracked);
    }

    private final class Run {

        private final Passage passage;
        private final boolean translated;
        private int mark;
        private boolean untracked;

        Run(Passage passage, boolean translated) {
            this.passage = passage;
            this.translated = translated;
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
            String out = untracked && !arriving.equals(passage.flow()) ? "" : passage.out();
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
            Set<Ip> sources = pods.get(in);
            Packet packet = new Packet(in, out, flow.source(), flow.destination(), flow.protocol(), flow.sourcePort(), flow.destinationPort(),
                    flow.icmpType(), flow.icmpCode(), mark, state, translated && !untracked, sources == null || sources.contains(flow.source()), local);
            Outcome outcome = machine.apply(new HookPoint(layer, hook), packet);
            mark = outcome.mark();
            untracked |= outcome.untracked();
            return outcome.end() != Outcome.End.DROPPED && outcome.end() != Outcome.End.REJECTED;
        }
    }
}
