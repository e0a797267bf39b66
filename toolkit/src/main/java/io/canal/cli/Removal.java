package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands have in common that remove something whose last hooks are waited for. */
final class Removal {

    /** Takes one of the names from the model, and says so; or only looks whether it is there. */
    interface One {
        void of(Model model, String name) throws Exception;
    }

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--no-prompt", description = "Does not ask. Without a terminal nothing is asked either.")
    private boolean noPrompt;

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait for the last hooks (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    /**
     * Asks, looks whether all of them can be removed, and removes them.
     *
     * @param with what goes along, as the question says it
     * @param check throws where a name is none of the model's
     */
    int of(String command, List<String> names, String with, One check, One one) throws Exception {
        if (!noPrompt && !Question.isConfirmed("This will remove " + String.join(", ", names) + " with " + with + ".")) {
            throw new ModelException(command + ": aborted");
        }
        try (Model open = model.open(new Waiting())) {
            for (String name : names) {
                check.of(open, name);
            }
            for (String name : names) {
                one.of(open, name);
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
