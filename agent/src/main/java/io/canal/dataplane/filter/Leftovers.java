package io.canal.dataplane.filter;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.dataplane.iptables.OldFlanneld;
import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.ruleset.tenants.PodNetwork;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What others than the dataplane at work still have of ours: another dataplane, after a crash during a switch, Felix or flanneld. */
final class Leftovers {

    private static final Logger log = LoggerFactory.getLogger(Leftovers.class);

    private final IptablesTables.Generation generation;
    private final Beside beside;
    private final OldFlanneld oldFlanneld = new OldFlanneld();
    private boolean gone;

    Leftovers(IptablesTables.Generation generation, Beside beside) {
        this.generation = generation;
        this.beside = beside;
    }

    /** The dataplane is another one: what it was has left something, maybe. */
    void lookAgain() {
        gone = false;
    }

    /** Removes what is not the dataplane's that is at work. */
    void remove(FilterBackend now, Surroundings around) throws KernelException {
        if (gone) {
            return;
        }
        if (around.ourTable() && now != FilterBackend.NFTABLES) {
            removeTable();
        }
        boolean all = true;
        for (IptablesBackend backend : around.ours()) {
            boolean opened = now == FilterBackend.NFTABLES && around.dropping().contains(backend);
            if (now != FilterBackend.of(backend) && !opened && Iptables.installed(backend)) {
                all &= beside.attempt("rules of ours that are left in " + backend.text() + " cannot be removed", () -> removeFrom(backend));
            }
        }
        gone = all;
    }

    /** Removes what a flanneld without chains left; in a FORWARD chain that drops by policy that may be what lets packets through. */
    void removeOldFlanneld(Supplier<? extends Collection<IptablesBackend>> installed, boolean nftables, List<PodNetwork> networks) {
        if (!oldFlanneld.isGone()) {
            beside.attempt("the rules that a flanneld without chains may have left cannot be removed", () -> oldFlanneld.remove(installed.get(), nftables, networks));
        }
    }

    /** Removes all that is ours. */
    void removeAll(Surroundings around) throws IOException {
        if (around.ourTable()) {
            removeTable();
        }
        for (IptablesBackend backend : around.ours()) {
            removeFrom(backend);
        }
    }

    private static void removeTable() throws KernelException {
        try (NftTable table = new NftTable(NftablesSocket.open())) {
            table.removeAll();
        }
    }

    private void removeFrom(IptablesBackend backend) throws IOException {
        log.info("packet filter: removing our rules from {}", backend.text());
        try (IptablesTables tables = IptablesTables.open(backend, generation)) {
            tables.removeAll();
        }
    }
}
