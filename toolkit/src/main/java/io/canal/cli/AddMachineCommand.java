package io.canal.cli;

import io.canal.controller.MachineSpec;
import io.canal.controller.Model;
import io.canal.controller.Watcher;
import io.canal.ssh.Connection;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells the model of a host. */
@Command(name = "add-machine", description = "Tells the model of a host that it may use, over SSH.", mixinStandardHelpOptions = true)
final class AddMachineCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--id", description = "What the model calls it; by default its address.")
    private @Nullable String id;

    @Option(names = "--port", defaultValue = "22")
    private int port = 22;

    @Option(names = "--key", paramLabel = "FILE", required = true, description = "Private key without passphrase.")
    private Path key = Path.of("");

    @Option(names = "--known-hosts", paramLabel = "FILE", required = true,
            description = "File with the host's key, as ssh-keyscan prints it, once you have compared it with the host's own.")
    private Path knownHosts = Path.of("");

    @Parameters(paramLabel = "[USER@]ADDRESS", description = "The account must be root's.")
    private String target = "";

    @Override
    public Integer call() throws Exception {
        int at = target.indexOf('@');
        String address = target.substring(at + 1);
        MachineSpec spec = new MachineSpec(
                id != null ? id : address,
                address,
                port,
                at < 0 ? "root" : target.substring(0, at),
                key.toAbsolutePath(),
                knownHosts.toAbsolutePath(),
                Optional.empty());
        // First: what cannot be reached is not to be in the model.
        Connection.open(spec.endpoint()).close();
        try (Model open = model.openOrCreate(Watcher.NONE)) {
            open.addMachine(spec);
        }
        System.err.println("added machine " + spec.id());
        return 0;
    }
}
