package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes units. */
@Command(name = "remove-unit", description = "Removes units and their subordinates, their last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveUnitCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--no-prompt", description = "Does not ask. Without a terminal nothing is asked either.")
    private boolean noPrompt;

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait for the last hooks (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "UNIT", arity = "1..*")
    private List<String> units = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        if (!noPrompt && !Question.isConfirmed("This will remove " + String.join(", ", units) + " with subordinates.")) {
            throw new ModelException("remove-unit: aborted");
        }
        try (Model open = model.open(Watcher.NONE)) {
            for (String unit : units) {
                open.removeUnit(unit);
                System.out.println("will remove unit " + unit);
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
