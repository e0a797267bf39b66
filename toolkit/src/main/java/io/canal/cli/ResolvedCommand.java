package io.canal.cli;

import io.canal.controller.Model;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets units go on after a failed hook. */
@Command(name = "resolved", description = "Repeats the failed hook of units at once, or takes it as done.",
        mixinStandardHelpOptions = true)
final class ResolvedCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--no-retry", description = "Takes the failed hook as done.")
    private boolean noRetry;

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until all units are active or blocked (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "UNIT", arity = "1..*")
    private List<String> units = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        try (Model open = model.open(new Waiting())) {
            for (String unit : units) {
                open.resolve(unit, !noRetry);
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
