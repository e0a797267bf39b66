package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Relates two applications. */
@Command(name = "integrate", aliases = "relate", description = "Relates two applications.", mixinStandardHelpOptions = true)
final class IntegrateCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until all units are active or blocked (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(index = "0", paramLabel = "APPLICATION[:ENDPOINT]")
    private String one = "";

    @Parameters(index = "1", paramLabel = "APPLICATION[:ENDPOINT]")
    private String other = "";

    @Override
    public Integer call() throws Exception {
        try (Model open = model.open(new Waiting())) {
            if (!open.integrate(one, other)) {
                throw new ModelException("relation " + one + " " + other + ": already exists");
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
