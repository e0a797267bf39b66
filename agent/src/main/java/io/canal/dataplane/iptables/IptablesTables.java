package io.canal.dataplane.iptables;

import io.canal.kernel.ipset.IpsetSocket;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.model.Ip.Family;
import io.canal.reconcile.Again;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Few;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.iptables.IptablesRendering;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Our rules in one back end of iptables, brought to what a {@link Ruleset} says, and the sets that they look up. Belongs to the
 * thread that applies, which must be in the node's network namespace.
 */
public final class IptablesTables implements AutoCloseable {

    /** Each so many looks at our sets all their members are read. */
    private static final int GLANCES = 8;
    /** How soon what was refused is tried again, first and at last. */
    private static final Duration REFUSED = Duration.ofSeconds(30);
    private static final Duration REFUSED_OFTEN = Duration.ofMinutes(30);

    private final IptablesBackend backend;
    private final List<FamilyTables> families = new ArrayList<>();
    private final SetTables sets;
    private final Generation generation;
    private int observed;
    private boolean trusted;
    private boolean setsTrusted = true;
    private int glances;

    /** nf_tables, in which iptables-nft keeps its rules. */
    public interface Generation {

        /** How many changes were made. */
        int now() throws IOException;

        /** This process is about to make one of ours: the kernel tells its number with the word of the change. */
        default void changing(long process) {}
    }

    private IptablesTables(IptablesBackend backend, SetTables sets, Generation generation, Clock clock) {
        this.backend = backend;
        this.generation = generation;
        this.sets = sets;
        families.add(new FamilyTables("iptables", new Iptables(backend, false, generation::changing), new IptablesRendering(Family.V4), new Again(clock, REFUSED, REFUSED_OFTEN)));
        if (Iptables.hasV6()) {
            families.add(new FamilyTables("ip6tables", new Iptables(backend, true, generation::changing), new IptablesRendering(Family.V6), new Again(clock, REFUSED, REFUSED_OFTEN)));
        }
    }

    /** Opens in the calling thread's network namespace; nothing is looked at or made yet. */
    public static IptablesTables open(IptablesBackend backend, Generation generation) throws IOException {
        return open(backend, generation, Clock.system());
    }

    static IptablesTables open(IptablesBackend backend, Generation generation, Clock clock) throws IOException {
        return new IptablesTables(backend, new SetTables(IpsetSocket.open(), new Again(clock, REFUSED, REFUSED_OFTEN)), generation, clock);
    }

    /** The generation of the last reading: what others changed up to it is known. */
    public int observed() {
        return observed;
    }

    public IptablesBackend backend() {
        return backend;
    }

    /** Others may have changed our rules: they are read before the next change. */
    public void distrust() {
        trusted = false;
    }

    /** Others may have changed our sets, of which the kernel tells nothing: they are looked at before the next change. */
    public void distrustSets() {
        setsTrusted = false;
    }

    /** Takes all of the ruleset as wanted. */
    public void wantAll(Ruleset ruleset) {
        Ruleset.Changes all = new Ruleset.Changes();
        all.hooks().addAll(ruleset.hooks().keySet());
        all.chains().addAll(ruleset.chains().keySet());
        all.sets().addAll(ruleset.sets());
        ruleset.sets().forEach(set -> all.members().put(set, ruleset.members(set)));
        want(ruleset, all);
    }

    /** Takes all of the ruleset as wanted, and nothing that was wanted before. */
    public void wantOnly(Ruleset ruleset) {
        wantNothing();
        wantAll(ruleset);
    }

    private void wantNothing() {
        families.forEach(FamilyTables::wantNothing);
        sets.wantNothing();
    }

    /** Takes what changed as wanted. */
    public void want(Ruleset ruleset, Ruleset.Changes changes) {
        families.forEach(family -> family.want(ruleset, changes));
        sets.want(ruleset, changes);
    }

    /**
     * Brings the rules to what is wanted; a table changes as a whole.
     *
     * @param mayRemove while false, what was found and never wanted stays
     * @return whether something was changed
     */
    public boolean apply(boolean mayRemove) throws IOException {
        if (!trusted) {
            observe();
        } else if (!setsTrusted && ++glances % GLANCES == 0) {
            sets.observe();
        } else if (!setsTrusted) {
            sets.glance();
        }
        trusted = false;
        setsTrusted = true;
        boolean changed = sets.fill();
        for (FamilyTables family : families) {
            closeOn(family);
            changed |= family.write(mayRemove);
        }
        changed |= sets.drain(mayRemove);
        trusted = true;
        return changed;
    }

    private void closeOn(FamilyTables family) throws IOException {
        try {
            family.close(sets.refused());
        } catch (IOException shared) {
            // All waits for it.
            sets.tryAgain();
            throw shared;
        }
    }

    /** What of what is wanted is not taken, in sentences. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>(Few.refusedChains(families.stream().flatMap(family -> family.problems().stream()).toList()));
        sets.refused().forEach((set, reason) -> problems.add(Few.closedBySet(reason, families.stream().flatMap(family -> family.closedBy(set)).distinct().toList())));
        return List.copyOf(problems);
    }

    /** What others changed and is again as it should be, since the last call. */
    public List<Repair> takeRepairs() {
        List<Repair> repairs = new ArrayList<>(sets.takeRepairs());
        families.forEach(family -> repairs.addAll(family.takeRepairs()));
        return repairs;
    }

    /** Whether there is any chain or rule of ours. */
    public boolean anythingSeen() throws IOException {
        observe();
        return families.stream().anyMatch(FamilyTables::anythingSeen);
    }

    /** Removes all that is ours. */
    public void removeAll() throws IOException {
        wantNothing();
        trusted = false;
        apply(true);
    }

    private void observe() throws IOException {
        observed = generation.now();
        for (FamilyTables family : families) {
            family.observe();
        }
        sets.observe();
        trusted = true;
    }

    @Override
    public void close() {
        sets.close();
    }
}
