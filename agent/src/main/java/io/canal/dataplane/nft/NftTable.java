package io.canal.dataplane.nft;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesBatch;
import io.canal.kernel.nftables.NftablesDump;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.nftables.NftablesSocket.Refused;
import io.canal.model.PacketCount;
import io.canal.reconcile.Again;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.nft.Bytes;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftElement;
import io.canal.ruleset.nft.NftMachine;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.nft.NftSet;
import io.canal.ruleset.nft.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** {@code table inet canal}, brought to what a {@link Ruleset} says. Belongs to the thread that applies. */
public final class NftTable implements AutoCloseable {

    /** The table's name. */
    public static final String NAME = "canal";

    /** Far more than a packet needs from one hook's beginning to its end, also where the host of a virtual machine lets it wait. */
    private static final Duration UNDER_WAY = Duration.ofMillis(50);
    /** How soon what the kernel refused is tried again, first and at last. */
    private static final Duration REFUSED = Duration.ofSeconds(30);
    private static final Duration REFUSED_OFTEN = Duration.ofMinutes(30);
    /** From so many chains on several threads make what is written of them. */
    private static final int MANY = 32;
    private static final String COMMENT = "canal: pod network and network policy";

    private final NftablesSocket socket;
    private final Delta<String, NftChain> chains = new Delta<>();
    private final Delta<String, NftSet> sets = new Delta<>();
    private final Delta<ElementKey, Verdict> elements = new Delta<>();
    private final NftElements wantedElements = new NftElements(elements);
    private final Set<String> maps = new HashSet<>();
    /** Once an address of IPv6 has joined what a rule asks for, all rules of IPv6 are there and stay. */
    private Dialect dialect = Dialect.NFTABLES_WITHOUT_V6_MEMBERS;
    private boolean tableSeen;
    /** Somebody removed the table, and with it all that is in it. */
    private boolean tableLost;
    private final NftRepairs repairs = new NftRepairs();
    /** How many changes the kernel had seen when all that is here was; 0 where that is not known. */
    private int generation;
    private boolean trusted;
    private boolean anew;
    /** Whether the last try had something to do. */
    private boolean changed;
    private final RefusedChains refusedChains;
    private final RefusedSets refusedSets;
    private final PortSets portSets;

    /** @param socket in the node's network namespace; it is closed with this */
    public NftTable(NftablesSocket socket) {
        this(socket, Clock.system());
    }

    NftTable(NftablesSocket socket, Clock clock) {
        this.socket = socket;
        refusedChains = new RefusedChains(chains, this::bring, () -> anew || mustReplace(), new Again(clock, REFUSED, REFUSED_OFTEN));
        refusedSets = new RefusedSets(chains, sets, wantedElements, refusedChains, this::bring, new Again(clock, REFUSED, REFUSED_OFTEN), clock);
        portSets = new PortSets(refusedSets, wantedElements);
    }

    /** The port by which our own changes are known. */
    public int portId() {
        return socket.portId();
    }

    /** Others may have changed the table: it is listed before the next change. */
    public void distrust() {
        trusted = false;
        refusedChains.distrust();
        refusedSets.distrust();
    }

    /** Takes all of the ruleset as wanted. */
    public void wantAll(Ruleset ruleset) {
        Set<String> before = new HashSet<>(chains.allWanted().keySet());
        Ruleset.Changes all = new Ruleset.Changes();
        all.hooks().addAll(ruleset.hooks().keySet());
        all.chains().addAll(ruleset.chains().keySet());
        ruleset.chains().keySet().forEach(name -> all.dispatches().put(name, ruleset.entries(name).keySet()));
        all.sets().addAll(ruleset.sets());
        ruleset.sets().forEach(set -> all.members().put(set, ruleset.members(set)));
        if (!before.isEmpty()) {
            throw new IllegalStateException("the ruleset was taken before");
        }
        want(ruleset, all);
    }

    /** How the rules are said that were taken last. */
    public Dialect dialect() {
        return dialect;
    }

    /** Takes what changed as wanted. */
    public void want(Ruleset ruleset, Ruleset.Changes changes) {
        if (dialect != Dialect.NFTABLES && changes.members().keySet().stream().anyMatch(set -> Dialect.isOfV6Members(set) && !ruleset.members(set).isEmpty())) {
            dialect = Dialect.NFTABLES;
            wantChains(ruleset.chains().values().stream().filter(chain -> !changes.chains().contains(chain.name())).toList());
        }
        for (HookPoint point : changes.hooks()) {
            HookRules rules = ruleset.hooks().get(point);
            String name = NftRendering.name(point);
            if (rules == null || rules.idle()) {
                unwantChain(name);
            } else {
                wantChain(NftRendering.base(point, rules), NftRendering.portSets(rules));
            }
        }
        List<Chain> wanted = new ArrayList<>();
        for (ChainName name : changes.chains()) {
            Chain chain = ruleset.chain(name);
            String rendered = NftRendering.name(name);
            if (chain == null) {
                unwantChain(rendered);
                if (maps.remove(rendered)) {
                    sets.unwant(rendered);
                }
            } else {
                wanted.add(chain);
                if (chain instanceof Chain.Dispatch) {
                    maps.add(rendered);
                    sets.want(rendered, NftRendering.map(name));
                }
            }
        }
        wantChains(wanted);
        changes.dispatches().forEach((dispatch, interfaces) -> {
            for (String iface : interfaces) {
                ChainName target = ruleset.entries(dispatch).get(iface);
                if (target == null) {
                    wantedElements.unwant(ElementKey.of(NftRendering.name(dispatch), Bytes.interfaceName(iface)));
                } else {
                    wantedElements.want(List.of(NftRendering.entry(dispatch, iface, target)));
                }
            }
        });
        for (NamedSet set : changes.sets()) {
            // It may have ended and begun again since: what is told of its members is what came after.
            wantedElements.unwant(set);
            if (ruleset.sets().contains(set)) {
                refusedSets.want(NftRendering.set(set));
            } else {
                refusedSets.unwant(set.nftName());
            }
        }
        changes.members().forEach((set, members) -> wantedElements.want(set, ruleset.members(set), members));
    }

    private record Rendered(NftChain chain, Map<NftSet, List<NftElement>> ports) {}

    private void wantChains(List<Chain> wanted) {
        Dialect now = dialect;
        side(wanted).map(chain -> new Rendered(NftRendering.chain(chain, now), NftRendering.portSets(chain, now))).toList()
                .forEach(rendered -> wantChain(rendered.chain, rendered.ports));
    }

    /** Many are looked at on several threads, in order. */
    private static <T> Stream<T> side(List<T> some) {
        return some.size() < MANY ? some.stream() : some.parallelStream();
    }

    private void wantChain(NftChain chain, Map<NftSet, List<NftElement>> ports) {
        refusedSets.want(chain);
        refusedChains.forget(chain.name());
        portSets.want(chain.name(), ports);
    }

    private void unwantChain(String name) {
        refusedSets.unwantChain(name);
        refusedChains.forget(name);
        portSets.unwant(name);
    }

    /**
     * Brings the table to what is wanted, in one transaction; none where it is so already.
     *
     * @param mayRemove while false, what was found and never wanted stays, except entries of interfaces
     * @return whether something was changed
     */
    public boolean apply(boolean mayRemove) throws IOException {
        refusedSets.tryAgain();
        refusedChains.tryAgain();
        Optional<Refused> refused = bring(mayRemove);
        if (refused.isEmpty()) {
            refusedSets.done();
            refusedChains.done();
            return changed;
        }
        // Others may have changed the table: it is listed anew.
        trusted = false;
        generation = 0;
        refused = bring(mayRemove);
        if (refused.isPresent()) {
            refused = refusedSets.leaveOut(refused.get(), mayRemove);
        }
        if (refused.isPresent()) {
            refused = refusedChains.leaveOut(refused.get(), mayRemove);
        }
        if (refused.isPresent()) {
            // Listed anew and still refused: the next try makes the table anew, in one transaction.
            anew = !anew;
            trusted = false;
            generation = 0;
            throw refused.get().reason();
        }
        return true;
    }

    /** One transaction; gives why the kernel refuses it. */
    private Optional<Refused> bring(boolean mayRemove) throws KernelException {
        if (!trusted) {
            if (generation == 0 || socket.generation() != generation) {
                observe();
            }
            trusted = true;
        }
        NftablesBatch batch = new NftablesBatch(NAME);
        boolean whole = anew || mustReplace();
        if (whole) {
            replaceAll(batch);
        } else {
            change(batch, mayRemove);
        }
        changed = !batch.isEmpty();
        if (!changed) {
            return Optional.empty();
        }
        Optional<Refused> refused;
        try {
            refused = socket.tryCommit(batch);
        } catch (KernelException unknown) {
            trusted = false;
            generation = 0;
            throw unknown;
        }
        if (refused.isEmpty()) {
            anew = false;
            record(mayRemove || whole);
            generation = afterOwnChange();
        }
        return refused;
    }

    /** What others changed in the table and is again as it should be, since the last call. */
    public List<Repair> takeRepairs() {
        return repairs.take(chains, sets, elements);
    }

    /** What of what is wanted the kernel does not take, in sentences. */
    public List<String> problems() {
        return Stream.concat(refusedChains.sentences().stream(), refusedSets.sentences().stream()).toList();
    }

    /** One change more than before is our own; where there was another's between ours and this question, it is not known. */
    private int afterOwnChange() {
        try {
            return generation != 0 && socket.generation() == generation + 1 ? generation + 1 : 0;
        } catch (KernelException unknown) {
            return 0;
        }
    }

    /**
     * Removes the table: first what hooks it into the packets' way, then the rest.
     *
     * <p>A packet that is among the rules when they go still meets the old ones, but the kernel looks elements of maps up in the newest
     * generation (nft_set_elem_active): with all gone at once it would miss its interface in the dispatch, and be dropped as unknown.
     */
    public void removeAll() throws KernelException {
        if (socket.tables().contains("1 " + NAME)) {
            List<String> hooked = listChains().values().stream().filter(chain -> chain.base().isPresent()).map(NftChain::name).toList();
            if (!hooked.isEmpty()) {
                NftablesBatch unhook = new NftablesBatch(NAME);
                hooked.forEach(unhook::flushChain);
                hooked.forEach(unhook::deleteChain);
                socket.commit(unhook);
                passUnderWay();
            }
            NftablesBatch rest = new NftablesBatch(NAME);
            rest.deleteTable();
            socket.commit(rest);
        }
        tableSeen = false;
        trusted = false;
        generation = 0;
    }

    /** Lets the packets end their way that are among our rules now; the kernel does not tell when they have. */
    private static void passUnderWay() {
        long end = System.nanoTime() + UNDER_WAY.toNanos();
        for (long left = UNDER_WAY.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** The table as it is now: its chains by name. */
    public Map<String, NftChain> listChains() throws KernelException {
        return NftListing.chains(socket.dump(NAME));
    }

    /** What executes a table, and what each rule of its chains has counted. */
    public record Live(NftMachine machine, Map<String, List<Optional<PacketCount>>> counts) {}

    /** The table as it is now; empty where there is none. */
    public Optional<Live> listLive() throws KernelException {
        NftablesDump dump = socket.dump(NAME);
        return dump.exists() ? Optional.of(new Live(NftListing.machine(dump), NftListing.counts(dump))) : Optional.empty();
    }

    private void observe() throws KernelException {
        int before = socket.generation();
        NftablesDump dump = socket.dump(NAME);
        generation = socket.generation() == before ? before : 0;
        tableLost |= tableSeen && !dump.exists();
        tableSeen = dump.exists();
        chains.sawOnly(NftListing.chains(dump));
        sets.sawOnly(NftListing.sets(dump));
        elements.sawOnly(NftListing.elements(dump, NftElements.NONE));
        if (tableLost) {
            chains.excuse();
            sets.excuse();
            elements.excuse();
        }
    }

    /** A hook or a set's type cannot be changed in place. */
    private boolean mustReplace() {
        for (Map.Entry<String, NftChain> chain : chains.toSet().entrySet()) {
            NftChain seen = chains.seen(chain.getKey());
            if (seen != null && !seen.base().equals(chain.getValue().base())) {
                return true;
            }
        }
        return sets.toSet().keySet().stream().anyMatch(name -> sets.seen(name) != null);
    }

    private void change(NftablesBatch batch, boolean mayRemove) {
        if (!tableSeen && !(chains.allWanted().isEmpty() && sets.allWanted().isEmpty())) {
            batch.addTable(COMMENT);
        }
        sets.toSet().values().forEach(set -> NftWriting.add(batch, set));
        List<NftChain> rewritten = new ArrayList<>();
        NftWriting.asWalked(chains.toSet().values()).forEach(chain -> {
            String name = chain.name();
            NftChain seen = chains.seen(name);
            if (seen == null) {
                NftWriting.add(batch, chain);
                rewritten.add(chain);
            } else if (rewrites(name, chain, mayRemove)) {
                batch.flushChain(name);
                rewritten.add(chain);
            }
        });
        if (!mayRemove) {
            outlivedHooks().forEach(batch::flushChain);
        }
        addRules(batch, rewritten);
        Map<String, List<ElementKey>> gone = new LinkedHashMap<>();
        Map<String, List<ElementKey>> come = new LinkedHashMap<>();
        elements.toRemove().forEach(key -> {
            // The elements of a set that goes as a whole go with it.
            if (removable(key, mayRemove) && !(mayRemove && sets.toRemove().contains(key.set()))) {
                gone.computeIfAbsent(key.set(), set -> new ArrayList<>()).add(key);
            }
        });
        elements.toSet().keySet().forEach(key -> {
            if (elements.seen(key) != null) {
                gone.computeIfAbsent(key.set(), set -> new ArrayList<>()).add(key);
            }
            come.computeIfAbsent(key.set(), set -> new ArrayList<>()).add(key);
        });
        gone.forEach((set, keys) -> batch.deleteElements(set, written(keys, false)));
        come.forEach((set, keys) -> batch.addElements(set, written(keys, true)));
        if (mayRemove) {
            chains.toRemove().forEach(batch::flushChain);
            sets.toRemove().stream().filter(name -> isMap(name)).forEach(batch::deleteSet);
            chains.toRemove().forEach(batch::deleteChain);
            sets.toRemove().stream().filter(name -> !isMap(name)).forEach(batch::deleteSet);
        }
    }

    private static void addRules(NftablesBatch batch, List<NftChain> written) {
        side(written).map(chain -> NftWriting.rules(batch, chain)).toList().forEach(batch::addRules);
    }

    private void replaceAll(NftablesBatch batch) {
        if (tableSeen) {
            batch.deleteTable();
        }
        batch.addTable(COMMENT);
        sets.allWanted().values().forEach(set -> NftWriting.add(batch, set));
        List<NftChain> walked = NftWriting.asWalked(chains.allWanted().values());
        walked.forEach(chain -> NftWriting.add(batch, chain));
        addRules(batch, walked);
        Map<String, List<ElementKey>> come = new LinkedHashMap<>();
        elements.allWanted().keySet().forEach(key -> come.computeIfAbsent(key.set(), set -> new ArrayList<>()).add(key));
        come.forEach((set, keys) -> batch.addElements(set, written(keys, true)));
    }

    /** What was committed is what is. */
    private void record(boolean removed) {
        tableSeen = true;
        if (tableLost) {
            tableLost = false;
            repairs.table();
        }
        Map.copyOf(sets.toSet()).forEach(sets::saw);
        Map.copyOf(chains.toSet()).forEach((name, chain) -> {
            if (rewrites(name, chain, removed)) {
                chains.saw(name, chain);
            }
        });
        if (!removed) {
            outlivedHooks().forEach(name -> chains.saw(name, new NftChain(name, Objects.requireNonNull(chains.seen(name)).base(), List.of())));
        }
        List.copyOf(elements.toRemove()).stream().filter(key -> removable(key, removed)).forEach(elements::gone);
        Map.copyOf(elements.toSet()).forEach(elements::saw);
        if (removed) {
            List.copyOf(chains.toRemove()).forEach(chains::gone);
            List.copyOf(sets.toRemove()).forEach(sets::gone);
        }
    }

    /** Chains of which this life wanted more may lose it, whoever else had wishes that are not known yet. */
    private boolean rewrites(String name, NftChain wanted, boolean mayRemove) {
        NftChain seen = chains.seen(name);
        return seen == null || mayRemove || chains.isOutlived(name) || !NftWriting.holds(seen.rules(), wanted.rules());
    }

    /** What leads packets where this life wants none any more. The rest of a chain that goes waits: what is not known yet may lead there. */
    private List<String> outlivedHooks() {
        return chains.toRemove().stream().filter(chains::isOutlived).filter(name -> {
            NftChain seen = chains.seen(name);
            return seen != null && seen.base().isPresent() && !seen.rules().isEmpty();
        }).toList();
    }

    private boolean removable(ElementKey key, boolean mayRemove) {
        return mayRemove || maps.contains(key.set()) || elements.isOutlived(key) && sets.wanted(key.set()) != null;
    }

    private boolean isMap(String name) {
        NftSet seen = sets.seen(name);
        return seen != null && seen.verdicts();
    }

    /** Elements as they are written, each interval's ends beside each other, in order. */
    private List<NftablesBatch.Element> written(List<ElementKey> keys, boolean withVerdict) {
        keys.sort(ElementKey.ORDER);
        List<NftablesBatch.Element> written = new ArrayList<>(keys.size());
        for (ElementKey key : keys) {
            Verdict verdict = withVerdict ? elements.wanted(key) : null;
            written.add(new NftablesBatch.Element(ExpressionCodec.encodeData(key.key()), false,
                    verdict == null || verdict.equals(NftElements.NONE) ? Optional.empty() : Optional.of(ExpressionCodec.encodeData(verdict))));
            key.end().ifPresent(end -> written.add(new NftablesBatch.Element(ExpressionCodec.encodeData(end), true, Optional.empty())));
        }
        return written;
    }

    @Override
    public void close() {
        socket.close();
    }
}
