package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.controller.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes applications. */
@Command(name = "remove-application", description = "Removes applications with all their units, the units' last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveApplicationCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--no-prompt", description = "Does not ask. Without a terminal nothing is asked either.")
    private boolean noPrompt;

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait for the last hooks (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "APPLICATION", arity = "1..*")
    private List<String> applications = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        if (!noPrompt && !Question.isConfirmed("This will remove " + String.join(", ", applications) + " with all units.")) {
            throw new ModelException("remove-application: aborted");
        }
        try (Model open = model.open(Watcher.NONE)) {
            for (String application : applications) {
                ModelView before = open.view();
                open.removeApplication(application);
                System.out.println("will remove application " + application);
                before.units().stream()
                        .filter(unit -> unit.application().equals(application))
                        .forEach(unit -> System.out.println("- will remove unit " + unit.name()));
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
