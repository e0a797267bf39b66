package io.canal.cli;

import io.canal.controller.Model;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Ends the relation of two applications. */
@Command(name = "remove-relation",
        description = "Ends the relation of two applications. Units that are subordinate by it go, their last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveRelationCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait for the last hooks (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(index = "0", paramLabel = "APPLICATION[:ENDPOINT]")
    private String one = "";

    @Parameters(index = "1", paramLabel = "APPLICATION[:ENDPOINT]")
    private String other = "";

    @Override
    public Integer call() throws Exception {
        try (Model open = model.open(new Waiting())) {
            open.removeRelation(one, other);
            return ModelOption.settle(open, timeout);
        }
    }
}
