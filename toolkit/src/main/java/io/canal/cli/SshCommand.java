package io.canal.cli;

import io.canal.controller.MachineSpec;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.ssh.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Opens a shell on a host, or runs a command there, outside any hook context. */
@Command(name = "ssh", description = "Opens a shell on a unit's host, or runs a command there.", mixinStandardHelpOptions = true)
final class SshCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Parameters(index = "0", paramLabel = "UNIT|MACHINE")
    private String target = "";

    @Parameters(index = "1..*", paramLabel = "COMMAND")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        ModelView view = model.view();
        String id = target.contains("/")
                ? view.unit(target).orElseThrow(() -> new ModelException("unit \"" + target + "\" not found")).machine()
                : target;
        MachineSpec machine = view.machine(id).orElseThrow(() -> new ModelException("machine \"" + id + "\" not found"));
        if (command.isEmpty()) {
            return shell(machine);
        }
        try (Connection connection = Connection.open(machine.endpoint())) {
            // As with ssh itself the words are one line for the shell over there.
            return connection.attached(List.of("sh", "-c", String.join(" ", command)), System.in, System.out, System.err);
        }
    }

    /** An interactive shell needs a terminal, which the system's own ssh handles best. */
    private static int shell(MachineSpec machine) throws Exception {
        List<String> argv = new ArrayList<>();
        machine.netns().ifPresent(namespace -> argv.addAll(List.of("nsenter", "--net=" + namespace)));
        argv.addAll(List.of(
                "ssh", "-i", machine.key().toString(), "-o", "IdentitiesOnly=yes",
                "-o", "UserKnownHostsFile=" + machine.knownHosts(), "-o", "StrictHostKeyChecking=yes",
                "-p", Integer.toString(machine.port()), machine.user() + "@" + machine.address()));
        return new ProcessBuilder(argv).inheritIO().start().waitFor();
    }
}
