package io.canal.dataplane.iptables;

import io.canal.kernel.ipset.IpsetSocket;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.model.Ip.Family;
import io.canal.reconcile.Again;
import io.canal.reconcile.Clock;
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

    /** Who changes our rules faster than this is left to the next pass. */
    private static final int WRITES = 3;
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

    /** Says how many changes were made to nf_tables, in which iptables-nft keeps its rules. */
    public interface Generation {

        int now() throws IOException;
    }

    private IptablesTables(IptablesBackend backend, SetTables sets, Generation generation, Clock clock) {
        this.backend = backend;
        this.generation = generation;
        this.sets = sets;
        families.add(new FamilyTables(new Iptables(backend, false), new IptablesRendering(Family.V4), new Again(clock, REFUSED, REFUSED_OFTEN)));
        if (Iptables.hasV6()) {
            families.add(new FamilyTables(new Iptables(backend, true), new IptablesRendering(Family.V6), new Again(clock, REFUSED, REFUSED_OFTEN)));
        }
    }

    /** Opens in the calling thread's network namespace; nothing is looked at or made yet. */
    public static IptablesTables open(IptablesBackend backend, Generation generation) throws IOException {
        return open(backend, generation, Clock.system());
    }

    static IptablesTables open(IptablesBackend backend, Generation generation, Clock clock) throws IOException {
        return new IptablesTables(backend, new SetTables(IpsetSocket.open()), generation, clock);
    }

    /** The generation that was last looked at: changes up to it, our own ones among them, are known. */
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

    /** Others may have changed our sets, of which the kernel tells nothing: they are read before the next change. */
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
        } else if (!setsTrusted) {
            sets.observe();
        }
        trusted = false;
        setsTrusted = true;
        boolean changed = sets.fill();
        // What others changed while we wrote is seen by the reading after it, and is written at once.
        for (int i = 0; i < WRITES && write(mayRemove); i++) {
            changed = true;
        }
        changed |= sets.drain(mayRemove);
        trusted = true;
        return changed;
    }

    private boolean write(boolean mayRemove) throws IOException {
        boolean wrote = false;
        for (FamilyTables family : families) {
            wrote |= family.write(mayRemove);
        }
        if (wrote) {
            // Changes of others up to now count as seen, so all families are read, not only the one that was written.
            observed = generation.now();
            for (FamilyTables family : families) {
                family.check();
            }
        }
        return wrote;
    }

    /** What of what is wanted is not taken, in sentences. */
    public List<String> problems() {
        return families.stream().flatMap(family -> family.problems().stream()).toList();
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
