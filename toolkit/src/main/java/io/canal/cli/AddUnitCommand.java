package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelView;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Adds a unit. */
@Command(name = "add-unit", description = "Adds a unit of an application on a machine.", mixinStandardHelpOptions = true)
final class AddUnitCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--to", paramLabel = "MACHINE", description = "Where; by default the first machine without such a unit.")
    private @Nullable String machine;

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until all units are active or blocked (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "APPLICATION")
    private String application = "";

    @Override
    public Integer call() throws Exception {
        try (Model open = model.open(new Waiting())) {
            open.requirePrincipal(application);
            String unit = open.addUnit(application, machine != null ? machine : free(open.view()));
            int code = ModelOption.settle(open, timeout);
            System.err.println("added unit " + unit);
            return code;
        }
    }

    private String free(ModelView view) throws UsageException {
        if (view.machines().isEmpty()) {
            throw new UsageException("there is no machine for a unit of " + application + "; canal add-machine adds one");
        }
        return view.machines().stream()
                .filter(id -> view.units().stream()
                        .noneMatch(unit -> unit.application().equals(application) && unit.machine().equals(id)))
                .findFirst()
                .orElseThrow(() -> new UsageException("every machine has a unit of " + application + "; name one with --to"));
    }
}
