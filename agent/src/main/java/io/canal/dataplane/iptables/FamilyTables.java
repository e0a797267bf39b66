package io.canal.dataplane.iptables;

import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesException;
import io.canal.kernel.iptables.SavedTable;
import io.canal.reconcile.Again;
import io.canal.reconcile.Culprits;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.iptables.IptablesRendering;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Our chains and rules in the tables of one family of one back end. */
final class FamilyTables {

    private static final List<String> CLOSED = List.of("-m comment --comment \"canal: the kernel does not take the rules of this chain\" -j DROP");
    private static final Pattern LOOKUP = Pattern.compile("--match-set (\\S+)");
    private static final Pattern NAMED = Pattern.compile("(?:--match-set|-j|-g) ((?:cali|FLANNEL-)\\S*)");
    /** Behind the tag comes what the chain is of. */
    private static final Pattern COMMENT = Pattern.compile("--comment \"?(?!cali:)([^\"]+?)\"? -");

    private final String program;
    private final Iptables iptables;
    private final IptablesRendering rendering;
    private final Delta<Key, List<String>> chains = new Delta<>();
    private final Map<ChainName, Set<Key>> renderedFrom = new HashMap<>();
    private final Map<HookPoint, KernelChain> wantedHooks = new TreeMap<>();
    /** Lines of kernel chains that were wanted once, and are no more. */
    private final Map<HookPoint, Set<String>> outlivedLines = new HashMap<>();
    private final Map<HookPoint, List<String>> kernelChains = new HashMap<>();
    /** Kernel chains in which others changed our lines. */
    private final Set<HookPoint> disturbed = new TreeSet<>();
    /** What is told beside what the chains themselves tell. */
    private final List<Repair> otherRepairs = new ArrayList<>();
    /** How this version of iptables prints lines that we spell otherwise; learnt from what is read after a write. */
    private final Map<String, String> spellings = new HashMap<>();
    /** Chains that were there with the same tags and another text: perhaps only spelled otherwise. */
    private final Map<Key, Doubt> doubtful = new HashMap<>();
    /** Whether the last try had something to do. */
    private boolean wrote;
    /** The chains that are wanted and that are not taken, in sentences. */
    private final SortedMap<Key, String> refusedChains = new TreeMap<>();
    /** As they are wanted. */
    private final Map<Key, List<String>> refusedLines = new HashMap<>();
    private final Again again;
    /** Sets that are not as they are wanted, with the reason. */
    private Map<String, String> refusedSets = Map.of();
    /** The chains that look one of them up, as they are wanted: they drop all packets. */
    private final Map<Key, List<String>> closed = new TreeMap<>();
    /** The wanted chains that look up sets and are not of one object: closed, they would cut off the host. */
    private final Map<Key, List<String>> shared = new TreeMap<>();

    /**
     * A chain that was written over one with the same tags.
     *
     * @param disturbed whether it had been as it is wanted
     */
    private record Doubt(List<String> before, List<String> written, boolean disturbed) {}

    /** A chain of ours; a name that was found may be one that we would not give. */
    private record Key(Layer layer, String name) implements Comparable<Key> {

        @Override
        public int compareTo(Key other) {
            int byLayer = layer.compareTo(other.layer);
            return byLayer != 0 ? byLayer : name.compareTo(other.name);
        }
    }

    /**
     * Without any wish.
     *
     * @param program how the family's program is called, in sentences
     * @param again when what was refused once may have become possible
     */
    FamilyTables(String program, Iptables iptables, IptablesRendering rendering, Again again) {
        this.program = program;
        this.again = again;
        this.iptables = iptables;
        this.rendering = rendering;
    }

    void want(Ruleset ruleset, Ruleset.Changes changes) {
        for (HookPoint point : changes.hooks()) {
            HookRules rules = ruleset.hooks().get(point);
            KernelChain hook = new KernelChain(rendering.first(point, rules), rendering.last(point, rules), rules != null && rules.behind());
            KernelChain before = hook.isEmpty() ? wantedHooks.remove(point) : wantedHooks.put(point, hook);
            if (!hook.equals(before)) {
                disturbed.remove(point);
            }
            Set<String> outlived = outlivedLines.computeIfAbsent(point, _ -> new HashSet<>());
            if (before != null) {
                before.lines().forEach(outlived::add);
            }
            outlived.removeIf(hook::has);
        }
        Set<ChainName> changed = new TreeSet<>(changes.chains());
        changed.addAll(changes.dispatches().keySet());
        for (ChainName name : changed) {
            Chain chain = ruleset.chain(name);
            Map<ChainName, List<String>> rendered = chain == null ? Map.of() : rendering.chains(chain, ruleset.entries(name));
            Set<Key> now = new HashSet<>();
            rendered.forEach((each, lines) -> {
                Key key = new Key(each.layer(), each.name());
                now.add(key);
                forget(key);
                wantLines(key, lines);
            });
            renderedFrom.getOrDefault(name, Set.of()).stream().filter(key -> !now.contains(key)).forEach(key -> {
                forget(key);
                chains.unwant(key);
            });
            if (now.isEmpty()) {
                renderedFrom.remove(name);
            } else {
                renderedFrom.put(name, now);
            }
        }
    }

    void wantNothing() {
        wantedHooks.clear();
        renderedFrom.clear();
        chains.wantOnly(Map.of());
        refusedChains.clear();
        refusedLines.clear();
        closed.clear();
        shared.clear();
    }

    private void wantLines(Key key, List<String> lines) {
        boolean one = ChainName.isOfOneObject(key.name());
        if (one && looksUp(lines, refusedSets.keySet())) {
            closed.put(key, lines);
            chains.want(key, CLOSED);
            return;
        }
        chains.want(key, lines);
        if (!one && lines.stream().anyMatch(line -> LOOKUP.matcher(line).find())) {
            shared.put(key, lines);
        }
    }

    private static boolean looksUp(List<String> lines, Set<String> sets) {
        return !sets.isEmpty() && lines.stream().flatMap(line -> LOOKUP.matcher(line).results()).anyMatch(lookup -> sets.contains(lookup.group(1)));
    }

    /**
     * Chains that look up a set which is not as it should be drop all packets, until it is.
     *
     * @param refused these sets, with the reason
     * @throws IOException if what looks one up is not of one policy or pod alone
     */
    void close(Map<String, String> refused) throws IOException {
        for (Map.Entry<String, String> set : refused.entrySet()) {
            Set<String> one = Set.of(set.getKey());
            if (shared.values().stream().anyMatch(lines -> looksUp(lines, one)) || wantedHooks.values().stream().anyMatch(hook -> looksUp(hook.lines().toList(), one))) {
                throw new IOException(set.getValue());
            }
        }
        if (refused.keySet().equals(refusedSets.keySet())) {
            return;
        }
        Map<Key, List<String>> wanted = new HashMap<>(chains.allWanted());
        wanted.putAll(refusedLines);
        wanted.putAll(closed);
        refusedSets = Map.copyOf(refused);
        Map<Key, List<String>> before = Map.copyOf(closed);
        closed.clear();
        wanted.forEach((key, lines) -> {
            if (before.containsKey(key) || looksUp(lines, refusedSets.keySet())) {
                forget(key);
                wantLines(key, lines);
            }
        });
    }

    /** What drops all packets because of a set, in words. */
    Stream<String> closedBy(String set) {
        return closed.entrySet().stream().filter(chain -> looksUp(chain.getValue(), Set.of(set)))
                .map(chain -> "chain " + chain.getKey().layer().text() + " " + chain.getKey().name() + comment(chain.getValue()));
    }

    /** Something else is wanted of this chain from now on. */
    private void forget(Key key) {
        refusedChains.remove(key);
        refusedLines.remove(key);
        closed.remove(key);
        shared.remove(key);
    }

    /** Wants what was refused once more, where that was long enough ago. */
    private void tryAgain() {
        if (refusedLines.isEmpty()) {
            again.reset();
        } else if (again.isDue()) {
            refusedLines.forEach(chains::want);
            refusedLines.clear();
            refusedChains.clear();
        }
    }

    void observe() throws IptablesException {
        Map<String, SavedTable> tables = iptables.save();
        Map<Key, List<String>> seen = new HashMap<>();
        List<HookPoint> right = wantedHooks.keySet().stream().filter(this::isRight).toList();
        kernelChains.clear();
        for (Layer layer : Layer.values()) {
            SavedTable table = tables.get(layer.text());
            if (table == null) {
                continue;
            }
            table.policies().keySet().stream().filter(Ownership::ownsChain).forEach(name ->
                    seen.put(new Key(layer, name), table.rules(name).stream().map(line -> spellings.getOrDefault(line, line)).toList()));
            for (Hook hook : Hook.values()) {
                List<String> rules = table.rules(hook.name());
                if (!rules.isEmpty()) {
                    kernelChains.put(new HookPoint(layer, hook), rules);
                }
            }
        }
        chains.sawOnly(seen);
        right.stream().filter(point -> !isRight(point)).forEach(disturbed::add);
        disturbed.removeIf(this::isRight);
    }

    private boolean isRight(HookPoint point) {
        return wantedHooks.getOrDefault(point, KernelChain.NONE).isIn(kernelChains.getOrDefault(point, List.of()), true);
    }

    /** What others changed and is again as it should be, since the last call. */
    List<Repair> takeRepairs() {
        List<Repair> repairs = new ArrayList<>(otherRepairs);
        otherRepairs.clear();
        repairs.addAll(chains.takeRepairs(kind(), key -> name(key.layer(), key.name()), FamilyTables::count));
        return repairs;
    }

    private String name(Layer layer, String chain) {
        return "chain " + layer.text() + " " + chain + " of " + program;
    }

    private static String count(List<String> lines) {
        return lines.isEmpty() ? "no rule" : lines.size() == 1 ? "1 rule" : lines.size() + " rules";
    }

    /** What makes the difference, and how things are then. */
    private record Plan(String text, Map<Key, List<String>> chains, List<Key> gone, Map<HookPoint, List<String>> hooks) {}

    /**
     * Writes the difference; false where there was none. What was written is taken as what is: reading it back takes as long as the
     * tables are large, others' rules included.
     */
    boolean write(boolean mayRemove) throws IOException {
        tryAgain();
        Optional<IptablesException> refused = tryWrite(mayRemove);
        if (refused.isPresent()) {
            // Tables are changed one by one, so that some may have been; and others may have changed them.
            observe();
            refused = tryWrite(mayRemove);
        }
        if (refused.isPresent()) {
            refused = leaveOut(refused.get(), mayRemove);
        }
        if (refused.isPresent()) {
            throw refused.get();
        }
        if (!doubtful.isEmpty()) {
            observe();
            learn();
        }
        return wrote;
    }

    /** Gives why the rules are refused. */
    private Optional<IptablesException> tryWrite(boolean mayRemove) throws IptablesException {
        Plan plan = plan(mayRemove);
        wrote = !plan.text().isEmpty();
        if (wrote) {
            try {
                iptables.restore(plan.text());
            } catch (IptablesException failure) {
                if (failure.isRefusal()) {
                    return Optional.of(failure);
                }
                throw failure;
            }
            record(plan);
        }
        return Optional.empty();
    }

    private void record(Plan plan) {
        plan.chains().forEach((key, lines) -> {
            List<String> before = chains.seen(key);
            if (before != null && before.stream().map(Ownership::tag).toList().equals(lines.stream().map(Ownership::tag).toList())) {
                // What is there afterwards tells whether somebody has changed it.
                doubtful.put(key, new Doubt(before, lines, chains.excuse(key)));
            }
            chains.saw(key, lines);
        });
        plan.gone().forEach(chains::gone);
        kernelChains.putAll(plan.hooks());
        disturbed.stream().filter(plan.hooks()::containsKey).forEach(point -> otherRepairs.add(Repair.removed(
                new Repair.Kind("rules", "places of canal's rules in " + program), "canal's rules in " + name(point.layer(), point.hook().name()))));
        disturbed.removeAll(plan.hooks().keySet());
    }

    /** Writes all but the chains of single objects that are not taken; gives why that is refused too. */
    private Optional<IptablesException> leaveOut(IptablesException refused, boolean mayRemove) throws IOException {
        Map<Key, List<String>> suspects = new TreeMap<>();
        chains.toSet().forEach((key, lines) -> {
            if (ChainName.isOfOneObject(key.name())) {
                suspects.put(key, lines);
            }
        });
        Map<Key, List<String>> named = new TreeMap<>(suspects);
        named.keySet().removeIf(key -> !refused.line().startsWith("-A " + key.name() + " "));
        return named.isEmpty() || leaveOut(named, mayRemove).isPresent() ? leaveOut(suspects, mayRemove) : Optional.empty();
    }

    /** @param suspects as they are wanted */
    private Optional<IptablesException> leaveOut(Map<Key, List<String>> suspects, boolean mayRemove) throws IOException {
        Map<Key, List<String>> before = new HashMap<>();
        suspects.keySet().forEach(key -> {
            List<String> seen = chains.seen(key);
            if (seen != null) {
                before.put(key, seen);
            }
        });
        AtomicReference<Optional<IptablesException>> last = new AtomicReference<>(Optional.empty());
        // Nothing is removed meanwhile: what a chain was before may lead there.
        Optional<Map<Key, String>> found = Culprits.find(suspects.keySet(), held -> {
            suspects.forEach((key, lines) -> chains.want(key, held.contains(key) ? before.getOrDefault(key, CLOSED) : lines));
            last.set(tryWrite(false));
            if (last.get().isPresent()) {
                observe();
            }
            return last.get().map(refusal -> String.valueOf(refusal.getMessage()));
        });
        if (found.isEmpty()) {
            suspects.forEach(chains::want);
            return last.get();
        }
        found.get().forEach((key, reason) -> {
            List<String> wanted = Objects.requireNonNull(suspects.get(key));
            List<String> was = before.get(key);
            // However long it stays: what it leads to and looks up is what the refused version does.
            boolean stays = was != null && named(wanted).containsAll(named(was));
            chains.want(key, stays ? Objects.requireNonNull(was) : CLOSED);
            refusedLines.put(key, wanted);
            refusedChains.put(key, "the kernel does not take chain " + key.layer().text() + " " + key.name() + comment(wanted) + ": " + reason
                    + (stays ? "; it stays as it was" : "; it drops all packets"));
        });
        if (!found.get().isEmpty()) {
            again.refused();
        }
        Optional<IptablesException> rest = tryWrite(mayRemove);
        wrote = true;
        return rest;
    }

    /** What of what is wanted is not taken, in sentences. */
    List<String> problems() {
        return List.copyOf(refusedChains.values());
    }

    /** The chains and sets that must be there with these lines. */
    private static Set<String> named(List<String> lines) {
        Set<String> names = new HashSet<>();
        for (String line : lines) {
            NAMED.matcher(line).results().forEach(name -> names.add(name.group(1)));
        }
        return names;
    }

    private static String comment(List<String> lines) {
        return lines.stream().map(COMMENT::matcher).filter(Matcher::find).findFirst().map(comment -> " (" + comment.group(1) + ")").orElse("");
    }

    boolean anythingSeen() {
        return !chains.allSeen().isEmpty() || kernelChains.values().stream().flatMap(List::stream).anyMatch(Ownership::ownsRule);
    }

    /** How the kernel spells what was written. */
    private void learn() {
        doubtful.forEach((key, doubt) -> {
            List<String> lines = doubt.written();
            List<String> seen = chains.seen(key);
            if (doubt.disturbed() && !doubt.before().equals(seen)) {
                otherRepairs.add(underItsTag(name(key.layer(), key.name()), doubt));
            }
            if (seen != null && seen.size() == lines.size() && !seen.equals(lines)) {
                List<String> canonical = new ArrayList<>();
                for (int i = 0; i < lines.size(); i++) {
                    if (!seen.get(i).equals(lines.get(i)) && Ownership.tag(seen.get(i)).equals(Ownership.tag(lines.get(i)))) {
                        spellings.put(seen.get(i), lines.get(i));
                    }
                    canonical.add(spellings.getOrDefault(seen.get(i), seen.get(i)));
                }
                chains.excuse(key);
                chains.saw(key, canonical);
            }
        });
        doubtful.clear();
    }

    /** The number of rules is the same, so the first that differs tells more. */
    private Repair underItsTag(String chain, Doubt doubt) {
        int first = 0;
        while (doubt.before().get(first).equals(doubt.written().get(first))) {
            first++;
        }
        return Repair.changed(kind(), "rule " + (first + 1) + " of " + chain, doubt.before().get(first), doubt.written().get(first));
    }

    private Repair.Kind kind() {
        return new Repair.Kind("rules", "chains of " + program);
    }

    private Plan plan(boolean mayRemove) {
        StringBuilder text = new StringBuilder();
        Plan plan = new Plan("", new TreeMap<>(), mayRemove ? chains.toRemove().stream().sorted().toList() : List.of(), new TreeMap<>());
        chains.toSet().forEach((key, wanted) -> {
            List<String> seen = chains.seen(key);
            if (mayRemove || seen == null || chains.isOutlived(key) || !KernelChain.holds(seen, wanted)) {
                plan.chains().put(key, wanted);
            }
        });
        for (Layer layer : Layer.values()) {
            StringBuilder declared = new StringBuilder();
            StringBuilder lines = new StringBuilder();
            plan.chains().forEach((key, wanted) -> {
                if (key.layer() == layer) {
                    declared.append(':').append(key.name()).append(" - [0:0]\n");
                    wanted.forEach(line -> lines.append("-A ").append(key.name()).append(' ').append(line).append('\n'));
                }
            });
            planHooks(layer, mayRemove, lines, plan.hooks());
            List<Key> gone = plan.gone().stream().filter(key -> key.layer() == layer).toList();
            // Declaring a chain empties it, so that chains which lead to each other can go.
            gone.forEach(key -> declared.append(':').append(key.name()).append(" - [0:0]\n"));
            gone.forEach(key -> lines.append("-X ").append(key.name()).append('\n'));
            if (!declared.isEmpty() || !lines.isEmpty()) {
                text.append('*').append(layer.text()).append('\n').append(declared).append(lines).append("COMMIT\n");
            }
        }
        return new Plan(text.toString(), plan.chains(), plan.gone(), plan.hooks());
    }

    private void planHooks(Layer layer, boolean mayRemove, StringBuilder lines, Map<HookPoint, List<String>> then) {
        Set<HookPoint> points = new TreeSet<>(wantedHooks.keySet());
        points.addAll(kernelChains.keySet());
        points.stream().filter(point -> point.layer() == layer).forEach(point -> {
            KernelChain wanted = wantedHooks.getOrDefault(point, KernelChain.NONE);
            List<String> is = kernelChains.getOrDefault(point, List.of());
            KernelChain outlived = new KernelChain(List.of(), List.copyOf(outlivedLines.getOrDefault(point, Set.of())), false);
            if (wanted.isIn(is, mayRemove) && is.stream().noneMatch(outlived::has)) {
                return;
            }
            String chain = point.hook().name();
            List<String> left = new ArrayList<>(is);
            is.stream().filter(line -> Ownership.ownsRule(line) && (mayRemove || wanted.has(line) || outlived.has(line))).forEach(line -> {
                lines.append("-D ").append(chain).append(' ').append(line).append('\n');
                left.remove(line);
            });
            for (int i = 0; i < wanted.first().size(); i++) {
                lines.append(wanted.behind() ? "-A " + chain : "-I " + chain + " " + (i + 1)).append(' ').append(wanted.first().get(i)).append('\n');
            }
            wanted.last().forEach(line -> lines.append("-A ").append(chain).append(' ').append(line).append('\n'));
            left.addAll(wanted.behind() ? left.size() : 0, wanted.first());
            left.addAll(wanted.last());
            then.put(point, left);
        });
    }
}
