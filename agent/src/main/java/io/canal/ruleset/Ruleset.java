package io.canal.ruleset;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules that should be on this node, and which of them changed since a dataplane last looked.
 *
 * <p>Tenants write their own objects into it, a dataplane reads. The cost of a write and of its application does not depend on what
 * else is here. Not thread-safe: it belongs to the thread that applies.
 */
public final class Ruleset {

    private final Map<HookPoint, HookRules> hooks = new TreeMap<>();
    private final Map<ChainName, Chain> chains = new HashMap<>();
    private final Map<ChainName, TreeMap<String, ChainName>> dispatches = new HashMap<>();
    private final Map<NamedSet, Set<Member>> sets = new HashMap<>();
    private Changes changes = new Changes();

    /** What changed, by key; what it is now, or that it is gone, the ruleset itself tells. */
    public static final class Changes {

        private final Set<HookPoint> hooks = new HashSet<>();
        private final Set<ChainName> chains = new HashSet<>();
        private final Map<ChainName, Set<String>> dispatches = new HashMap<>();
        private final Set<NamedSet> sets = new HashSet<>();
        private final Map<NamedSet, Set<Member>> members = new HashMap<>();

        public Set<HookPoint> hooks() {
            return hooks;
        }

        /** Chains that are new, changed or gone. */
        public Set<ChainName> chains() {
            return chains;
        }

        /** The interfaces whose entry is new, changed or gone, by dispatch chain. */
        public Map<ChainName, Set<String>> dispatches() {
            return dispatches;
        }

        /** Sets that are new or gone. */
        public Set<NamedSet> sets() {
            return sets;
        }

        /** Members that are new or gone, by set. */
        public Map<NamedSet, Set<Member>> members() {
            return members;
        }

        public boolean isEmpty() {
            return hooks.isEmpty() && chains.isEmpty() && dispatches.isEmpty() && sets.isEmpty() && members.isEmpty();
        }
    }

    public void put(HookPoint point, HookRules rules) {
        if (!rules.equals(hooks.put(point, rules))) {
            changes.hooks.add(point);
        }
    }

    public void remove(HookPoint point) {
        if (hooks.remove(point) != null) {
            changes.hooks.add(point);
        }
    }

    public void put(Chain chain) {
        if (!chain.equals(chains.put(chain.name(), chain))) {
            changes.chains.add(chain.name());
        }
        if (chain instanceof Chain.Dispatch) {
            dispatches.computeIfAbsent(chain.name(), name -> new TreeMap<>());
        }
    }

    public void remove(ChainName name) {
        if (chains.remove(name) != null) {
            changes.chains.add(name);
        }
        TreeMap<String, ChainName> entries = dispatches.remove(name);
        if (entries != null) {
            entries.keySet().forEach(iface -> changedEntry(name, iface));
        }
    }

    /** Packets of {@code iface} go from the dispatch chain to {@code target}. */
    public void dispatch(ChainName dispatch, String iface, ChainName target) {
        TreeMap<String, ChainName> entries = dispatches.get(dispatch);
        if (entries == null) {
            throw new IllegalArgumentException("there is no dispatch chain " + dispatch);
        }
        if (!target.equals(entries.put(iface, target))) {
            changedEntry(dispatch, iface);
        }
    }

    public void undispatch(ChainName dispatch, String iface) {
        TreeMap<String, ChainName> entries = dispatches.get(dispatch);
        if (entries != null && entries.remove(iface) != null) {
            changedEntry(dispatch, iface);
        }
    }

    /** Makes the set, empty, where it is not there yet. */
    public void put(NamedSet set) {
        if (!sets.containsKey(set)) {
            sets.put(set, new HashSet<>());
            changes.sets.add(set);
        }
    }

    public void remove(NamedSet set) {
        if (sets.remove(set) != null) {
            changes.sets.add(set);
            changes.members.remove(set);
        }
    }

    public void add(NamedSet set, Member member) {
        if (!set.takes(member)) {
            throw new IllegalArgumentException("set " + set + " cannot hold " + member);
        }
        if (membersOf(set).add(member)) {
            changes.members.computeIfAbsent(set, s -> new HashSet<>()).add(member);
        }
    }

    public void remove(NamedSet set, Member member) {
        if (membersOf(set).remove(member)) {
            changes.members.computeIfAbsent(set, s -> new HashSet<>()).add(member);
        }
    }

    public Map<HookPoint, HookRules> hooks() {
        return Collections.unmodifiableMap(hooks);
    }

    public Map<ChainName, Chain> chains() {
        return Collections.unmodifiableMap(chains);
    }

    public @Nullable Chain chain(ChainName name) {
        return chains.get(name);
    }

    /** The entries of a dispatch chain, by interface, in order; empty where there is none. */
    public Map<String, ChainName> entries(ChainName dispatch) {
        TreeMap<String, ChainName> entries = dispatches.get(dispatch);
        return entries == null ? Map.of() : Collections.unmodifiableMap(entries);
    }

    public Set<NamedSet> sets() {
        return Collections.unmodifiableSet(sets.keySet());
    }

    /** The members of a set; empty where there is none of that name. */
    public Set<Member> members(NamedSet set) {
        Set<Member> members = sets.get(set);
        return members == null ? Set.of() : Collections.unmodifiableSet(members);
    }

    /** What changed since the last call; it is handed over. */
    public Changes takeChanges() {
        Changes taken = changes;
        changes = new Changes();
        return taken;
    }

    private Set<Member> membersOf(NamedSet set) {
        Set<Member> members = sets.get(set);
        if (members == null) {
            throw new IllegalArgumentException("there is no set " + set);
        }
        return members;
    }

    private void changedEntry(ChainName dispatch, String iface) {
        changes.dispatches.computeIfAbsent(dispatch, name -> new HashSet<>()).add(iface);
    }
}
