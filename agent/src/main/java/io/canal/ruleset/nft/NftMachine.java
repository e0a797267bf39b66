package io.canal.ruleset.nft;

import io.canal.model.Ip;
import io.canal.ruleset.Chain;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Met;
import io.canal.ruleset.Outcome;
import io.canal.ruleset.Outcome.End;
import io.canal.ruleset.Packet;
import io.canal.ruleset.Ruleset;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * nf_tables' register machine: executes chains of expressions as the kernel would, on one packet.
 *
 * <p>It knows nothing of the intermediate form: what it is given is what is written to the kernel, or was read from it.
 */
public final class NftMachine {

    /** The kernel's own limit (NFT_JUMP_STACK_SIZE). */
    private static final int DEEPEST = 16;
    private static final int REGISTER_BYTES = 4;
    private static final int REGISTERS = 20;
    private static final int TCP = 6;
    private static final int SYN = 2;
    private static final int ACK = 16;

    private final Map<String, NftChain> chains;
    private final Map<String, NftSet> sets;
    /** By set: the elements in the order of their keys, those that end an interval among them. */
    private final Map<String, TreeMap<Key, NftElement>> elements = new HashMap<>();

    /** A key in unsigned order; of equal ones the end of an interval comes before the beginning of the next. */
    private record Key(byte[] bytes, boolean end) implements Comparable<Key> {

        @Override
        public int compareTo(Key other) {
            int byBytes = Arrays.compareUnsigned(bytes, other.bytes);
            return byBytes != 0 ? byBytes : Boolean.compare(other.end, end);
        }
    }

    public NftMachine(Map<String, NftChain> chains, List<NftSet> sets, List<NftElement> elements) {
        this.chains = Map.copyOf(chains);
        this.sets = new HashMap<>();
        sets.forEach(set -> {
            this.sets.put(set.name(), set);
            this.elements.put(set.name(), new TreeMap<>());
        });
        elements.forEach(element -> elementsOf(element.set()).put(new Key(element.key().toArray(), element.end()), element));
    }

    /** Executes what a ruleset is rendered to. The expressions go through their wire form and back. */
    public static NftMachine of(Ruleset ruleset) {
        Map<String, NftChain> chains = new HashMap<>();
        List<NftSet> sets = new ArrayList<>();
        List<NftElement> elements = new ArrayList<>();
        Map<NftSet, List<NftElement>> ports = new HashMap<>();
        Dialect dialect = Dialect.nftables(ruleset);
        ruleset.hooks().forEach((point, rules) -> {
            if (rules.idle()) {
                return;
            }
            chains.put(NftRendering.name(point), overTheWire(NftRendering.base(point, rules)));
            ports.putAll(NftRendering.portSets(rules));
        });
        ruleset.chains().forEach((name, chain) -> {
            chains.put(NftRendering.name(name), overTheWire(NftRendering.chain(chain, dialect)));
            ports.putAll(NftRendering.portSets(chain, dialect));
            if (chain instanceof Chain.Dispatch) {
                sets.add(NftRendering.map(name));
                ruleset.entries(name).forEach((iface, target) -> elements.add(NftRendering.entry(name, iface, target)));
            }
        });
        ruleset.sets().forEach(set -> {
            sets.add(NftRendering.set(set));
            elements.addAll(NftRendering.elements(set, ruleset.members(set)));
        });
        ports.forEach((set, itsElements) -> {
            sets.add(set);
            elements.addAll(itsElements);
        });
        return new NftMachine(chains, sets, elements);
    }

    private static NftChain overTheWire(NftChain chain) {
        return new NftChain(chain.name(), chain.base(), chain.rules().stream()
                .map(rule -> new NftRule(ExpressionCodec.decode(ExpressionCodec.encode(rule.expressions())), rule.comment())).toList());
    }

    /** What becomes of the packet in this base chain; accepted where there is no such chain. */
    public Outcome run(String baseChain, Packet packet) {
        return run(baseChain, packet, rule -> { });
    }

    /** @param met takes each rule that the packet meets, in order; one that leads to another chain before those of that chain */
    public Outcome run(String baseChain, Packet packet, Consumer<Met> met) {
        if (!chains.containsKey(baseChain)) {
            return new Outcome(End.ACCEPTED, packet.mark(), false);
        }
        Run run = new Run(packet, met);
        End end = run.chain(baseChain, 0);
        return new Outcome(end == null ? End.ACCEPTED : end, run.packet.mark(), run.untracked);
    }

    private TreeMap<Key, NftElement> elementsOf(String set) {
        TreeMap<Key, NftElement> found = elements.get(set);
        if (found == null) {
            throw new IllegalStateException("there is no set " + set);
        }
        return found;
    }

    private Optional<NftElement> find(String set, byte[] key) {
        NftSet kind = sets.get(set);
        TreeMap<Key, NftElement> all = elementsOf(set);
        if (kind != null && kind.interval()) {
            Map.Entry<Key, NftElement> below = all.floorEntry(new Key(key, false));
            return below == null || below.getValue().end() ? Optional.empty() : Optional.of(below.getValue());
        }
        return Optional.ofNullable(all.get(new Key(key, false)));
    }

    /** One packet's way. */
    private final class Run {

        private final byte[] registers = new byte[REGISTERS * REGISTER_BYTES];
        private final Consumer<Met> met;
        private Packet packet;
        private boolean untracked;

        Run(Packet packet, Consumer<Met> met) {
            this.packet = packet;
            this.met = met;
        }

        /** The end, or null where the chain returns. */
        @Nullable End chain(String name, int depth) {
            NftChain chain = chains.get(name);
            if (chain == null || depth > DEEPEST) {
                throw new IllegalStateException(chain == null ? "there is no chain " + name : "jumps are too deep at chain " + name);
            }
            for (int i = 0; i < chain.rules().size(); i++) {
                NftRule rule = chain.rules().get(i);
                Object result = rule(rule);
                if (!result.equals(STOP)) {
                    met.accept(new Met(name, i + 1, rule.comment(), sets(rule), result instanceof End));
                }
                switch (result) {
                    case End end -> {
                        return end;
                    }
                    case Verdict verdict when verdict.code() == Verdict.RETURN_CODE -> {
                        return null;
                    }
                    case Verdict verdict when verdict.code() == Verdict.GOTO_CODE -> {
                        return chain(verdict.chain(), depth + 1);
                    }
                    case Verdict verdict when verdict.code() == Verdict.JUMP_CODE -> {
                        End end = chain(verdict.chain(), depth + 1);
                        if (end != null) {
                            return end;
                        }
                    }
                    default -> { }
                }
            }
            return null;
        }

        /** An {@link End}, a {@link Verdict}, {@link #GO_ON}, or {@link #STOP} where the packet is not what the rule asks for. */
        private Object rule(NftRule rule) {
            for (Expression expression : rule.expressions()) {
                Object result = execute(expression);
                if (!result.equals(GO_ON)) {
                    return result;
                }
            }
            return GO_ON;
        }

        private static List<String> sets(NftRule rule) {
            List<String> sets = new ArrayList<>();
            for (Expression expression : rule.expressions()) {
                if (expression instanceof Expression.Lookup lookup) {
                    sets.add(lookup.set());
                }
            }
            return sets;
        }

        private Object execute(Expression expression) {
            return switch (expression) {
                case Expression.LoadMeta load -> load(load.register(), meta(load.key()));
                case Expression.SetMeta set -> {
                    packet = packet.withMark(ByteBuffer.wrap(read(set.register(), 4)).order(ByteOrder.nativeOrder()).getInt());
                    yield GO_ON;
                }
                case Expression.LoadPayload load -> payload(load);
                case Expression.LoadCt ct -> switch (ct.key()) {
                    case STATE -> load(ct.register(), Bytes.nativeInt(packet.state().bit()).toArray());
                    // nft_ct_get_eval: a packet without a connection has no status, and the rule ends there.
                    case STATUS -> packet.state() == CtState.INVALID || packet.state() == CtState.UNTRACKED ? STOP
                            : load(ct.register(), Bytes.nativeInt(packet.dnat() ? 1 << 5 : 0).toArray());
                };
                case Expression.Compare compare -> compare(compare) ? GO_ON : STOP;
                case Expression.Range range -> {
                    byte[] value = read(range.register(), range.from().length());
                    boolean within = Arrays.compareUnsigned(value, range.from().toArray()) >= 0
                            && Arrays.compareUnsigned(value, range.to().toArray()) <= 0;
                    yield within != range.negated() ? GO_ON : STOP;
                }
                case Expression.Bitwise bits -> {
                    byte[] value = read(bits.register(), bits.mask().length());
                    for (int i = 0; i < value.length; i++) {
                        value[i] = (byte) (value[i] & bits.mask().at(i) ^ bits.xor().at(i));
                    }
                    yield load(bits.register(), value);
                }
                case Expression.Lookup lookup -> find(lookup.set(), key(lookup.set(), lookup.register())).isPresent() != lookup.negated() ? GO_ON : STOP;
                case Expression.LookupVerdict lookup -> find(lookup.map(), key(lookup.map(), lookup.register()))
                        .flatMap(NftElement::verdict).<Object>map(this::decided).orElse(STOP);
                case Expression.Fib fib -> load(fib.register(), Bytes.nativeInt(fib(fib)).toArray());
                case Expression.Counter counter -> GO_ON;
                case Expression.Decide decide -> decided(decide.verdict());
                case Expression.Masquerade masquerade -> End.MASQUERADED;
                case Expression.Reject reject -> End.REJECTED;
                case Expression.Log log -> GO_ON;
                case Expression.NoTrack noTrack -> {
                    untracked = true;
                    yield GO_ON;
                }
                case Expression.Nat nat -> nat.destination() ? End.DESTINATION_REWRITTEN : End.SOURCE_REWRITTEN;
                case Expression.LoadImmediate load -> load(load.register(), load.value().toArray());
                case Expression.WritePayload write -> GO_ON;
                // Few packets come here: no rate is exceeded, and no number of connections.
                case Expression.Limit limit -> GO_ON;
                case Expression.ConnectionsAbove above -> STOP;
                case Expression.Foreign foreign -> throw new IllegalStateException("expression " + foreign.name() + " is not known");
            };
        }

        private Object decided(Verdict verdict) {
            return switch (verdict.code()) {
                case Verdict.ACCEPT_CODE -> End.ACCEPTED;
                case Verdict.DROP_CODE -> End.DROPPED;
                default -> verdict;
            };
        }

        private byte[] meta(Expression.MetaKey key) {
            return switch (key) {
                case MARK -> Bytes.nativeInt(packet.mark()).toArray();
                case IIFNAME -> Bytes.interfaceName(packet.in()).toArray();
                case OIFNAME -> Bytes.interfaceName(packet.out()).toArray();
                case NFPROTO -> new byte[] {(byte) (packet.source().isV4() ? 2 : 10)};
                case L4PROTO -> new byte[] {(byte) packet.protocol()};
            };
        }

        private Object payload(Expression.LoadPayload load) {
            byte[] header = load.header() == Expression.Header.NETWORK ? network() : transport();
            // A field behind the packet's end ends the rule.
            return load.offset() + load.length() > header.length
                    ? STOP
                    : load(load.register(), Arrays.copyOfRange(header, load.offset(), load.offset() + load.length()));
        }

        private byte[] network() {
            boolean v4 = packet.source().isV4();
            byte[] header = new byte[v4 ? 20 : 40];
            header[0] = (byte) (v4 ? 0x45 : 0x60);
            int at = v4 ? 12 : 8;
            int length = v4 ? 4 : 16;
            System.arraycopy(packet.source().toBytes(), 0, header, at, length);
            System.arraycopy(packet.destination().toBytes(), 0, header, at + length, length);
            return header;
        }

        private byte[] transport() {
            if (packet.protocol() == TCP) {
                byte[] header = new byte[20];
                ByteBuffer.wrap(header).putShort((short) packet.sourcePort()).putShort((short) packet.destinationPort());
                header[13] = (byte) (packet.state() == CtState.NEW ? SYN : ACK);
                return header;
            }
            return packet.icmpType() >= 0
                    ? new byte[] {(byte) packet.icmpType(), (byte) packet.icmpCode(), 0, 0}
                    : ByteBuffer.allocate(8).putShort((short) packet.sourcePort()).putShort((short) packet.destinationPort()).array();
        }

        private int fib(Expression.Fib fib) {
            if (fib.result() == Expression.Fib.RESULT_ADDRTYPE) {
                Ip address = (fib.flags() & Expression.Fib.SADDR) != 0 ? packet.source() : packet.destination();
                // RTN_LOCAL is 2, RTN_UNICAST 1.
                return packet.local().contains(address) ? 2 : 1;
            }
            return packet.reversePath() ? 1 : 0;
        }

        private boolean compare(Expression.Compare compare) {
            int order = Arrays.compareUnsigned(read(compare.register(), compare.value().length()), compare.value().toArray());
            return switch (compare.operator()) {
                case EQ -> order == 0;
                case NEQ -> order != 0;
                case LT -> order < 0;
                case LTE -> order <= 0;
                case GT -> order > 0;
                case GTE -> order >= 0;
            };
        }

        private byte[] key(String set, int register) {
            NftSet kind = sets.get(set);
            if (kind == null) {
                throw new IllegalStateException("there is no set " + set);
            }
            return read(register, kind.keyLength());
        }

        private Object load(int register, byte[] value) {
            int at = offset(register);
            int whole = (value.length + 3) / 4 * 4;
            System.arraycopy(Arrays.copyOf(value, whole), 0, registers, at, whole);
            return GO_ON;
        }

        private byte[] read(int register, int length) {
            int at = offset(register);
            return Arrays.copyOfRange(registers, at, at + length);
        }

        /** Registers 1 to 4 are 16 bytes each; 8 and up the same room by 4 bytes; the verdict's register is not used here. */
        private int offset(int register) {
            return register < 8 ? (register - 1) * 16 : (register - 8) * REGISTER_BYTES;
        }
    }

    private static final String GO_ON = "go on";
    private static final String STOP = "stop";
}
