package io.canal.dataplane.filter;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.ruleset.Ruleset;
import java.io.IOException;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Beside our own table of nf_tables: what opens a FORWARD chain of iptables that drops by policy. It would drop pods' packets,
 * whatever our table accepts.
 */
final class Openings implements AutoCloseable {

    private final IptablesTables.Generation generation;
    private final Beside beside;
    private final Map<IptablesBackend, IptablesTables> opened = new EnumMap<>(IptablesBackend.class);

    Openings(IptablesTables.Generation generation, Beside beside) {
        this.generation = generation;
        this.beside = beside;
    }

    Collection<IptablesTables> tables() {
        return opened.values();
    }

    void want(Ruleset opening, Ruleset.Changes changes) {
        opened.values().forEach(tables -> tables.want(opening, changes));
    }

    /** Opens where that is needed, and closes where it is no more. */
    void open(FilterBackend now, Surroundings around, Ruleset opening, List<String> problems) {
        around.foreignDrops().forEach(chain -> problems.add("the nf_tables chain " + chain
                + " drops by policy what it does not accept; packets of pods need a rule there that accepts them"));
        for (IptablesBackend backend : IptablesBackend.values()) {
            boolean needed = now == FilterBackend.NFTABLES && around.dropping().contains(backend);
            if (needed && !Iptables.installed(backend)) {
                problems.add("the FORWARD chain of " + backend.text() + " drops by policy, and its programs are not installed: install the package"
                        + " iptables, or let FORWARD accept the pod network");
            } else if (needed) {
                beside.attempt(closed(backend), () -> open(backend, opening));
            } else {
                beside.drop(closed(backend));
                tryClose(backend);
            }
        }
    }

    private static String closed(IptablesBackend backend) {
        return "the FORWARD chain of " + backend.text() + " drops by policy, and cannot be opened for pods";
    }

    private void open(IptablesBackend backend, Ruleset opening) throws IOException {
        IptablesTables tables = opened.get(backend);
        if (tables == null) {
            tables = IptablesTables.open(backend, generation);
            tables.wantAll(opening);
            opened.put(backend, tables);
        }
        tables.apply(true);
    }

    private void tryClose(IptablesBackend backend) {
        if (opened.containsKey(backend)) {
            beside.attempt("what opened the FORWARD chain of " + backend.text() + " for pods cannot be removed", () -> close(backend));
        }
    }

    private void close(IptablesBackend backend) throws IOException {
        IptablesTables tables = opened.get(backend);
        if (tables != null) {
            tables.removeAll();
            tables.close();
            opened.remove(backend);
        }
    }

    /** Takes over what had all our rules: they leave, all but the opening. */
    void take(IptablesTables whole, Ruleset opening) throws IOException {
        opened.put(whole.backend(), whole);
        whole.wantOnly(opening);
        whole.apply(true);
    }

    /** Closes all, now that this dataplane has our rules; where it is iptables, what opens the FORWARD chain there is among them. */
    void leave(FilterBackend whole) {
        IptablesTables same = whole.isIptables() ? opened.remove(whole.iptables()) : null;
        if (same != null) {
            same.close();
        }
        List.copyOf(opened.keySet()).forEach(this::tryClose);
    }

    void removeAll() throws IOException {
        for (IptablesTables tables : opened.values()) {
            tables.removeAll();
        }
        close();
    }

    /** What is in the kernel stays. */
    @Override
    public void close() {
        opened.values().forEach(IptablesTables::close);
        opened.clear();
    }
}
