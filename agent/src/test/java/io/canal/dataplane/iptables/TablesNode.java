package io.canal.dataplane.iptables;

import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.util.stream.Collectors;

/** A node of its own, in whose tables ours are, and what others do there. */
record TablesNode(NetworkNamespace namespace) {

    IptablesTables tables(IptablesBackend backend) throws IOException {
        return tables(backend, Clock.system());
    }

    IptablesTables tables(IptablesBackend backend, Clock clock) throws IOException {
        return namespace.<IptablesTables, IOException>call(() -> IptablesTables.open(backend, () -> 0, clock));
    }

    boolean apply(IptablesTables tables, boolean mayRemove) throws IOException {
        return namespace.<Boolean, IOException>call(() -> tables.apply(mayRemove));
    }

    String save(IptablesBackend backend, String family) {
        // Rules only: counters and dates differ from run to run.
        return run(family + (backend == IptablesBackend.NFT ? "-nft-save" : "-legacy-save")).lines()
                .filter(line -> line.startsWith("-A") || line.startsWith("*") || line.startsWith(":"))
                .map(line -> line.replaceAll(" \\[.*", ""))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    void iptables(IptablesBackend backend, String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = backend == IptablesBackend.NFT ? "iptables-nft" : "iptables-legacy";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        run(command);
    }

    String run(String... command) {
        return TestNamespaces.run(namespace, command);
    }
}
