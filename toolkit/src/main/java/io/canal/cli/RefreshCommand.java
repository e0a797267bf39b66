package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.charm.Charm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives an application a new charm. */
@Command(name = "refresh", description = "Gives an application a new version of its charm.", mixinStandardHelpOptions = true)
final class RefreshCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--path", paramLabel = "CHARM", required = true, description = "A .charm file, or a folder.")
    private Path source = Path.of("");

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until all units are active or blocked (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "APPLICATION")
    private String application = "";

    @Override
    public Integer call() throws Exception {
        try (Model open = model.open(new Waiting())) {
            Charm charm = open.charm(source);
            if (!open.refresh(application, charm)) {
                System.err.println("charm \"" + charm.name() + "\": already up-to-date");
            }
            return ModelOption.settle(open, timeout);
        }
    }
}
