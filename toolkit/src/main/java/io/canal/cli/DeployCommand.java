package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.charm.Charm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deploys a charm. */
@Command(name = "deploy", description = "Deploys a charm on machines of the model.", mixinStandardHelpOptions = true)
final class DeployCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--to", paramLabel = "MACHINE,…", split = ",", description = "Where its units shall be; none for a subordinate.")
    private List<String> machines = new ArrayList<>();

    @Option(names = "--config", paramLabel = "KEY=VALUE")
    private Map<String, String> options = new LinkedHashMap<>();

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until all units are active or blocked (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(index = "0", paramLabel = "CHARM", description = "A .charm file, or a folder.")
    private Path source = Path.of("");

    @Parameters(index = "1", arity = "0..1", paramLabel = "APPLICATION", description = "By default the charm's name.")
    private @Nullable String application;

    @Override
    public Integer call() throws Exception {
        try (Model open = model.openOrCreate(new Waiting())) {
            Charm charm = open.charm(source);
            String name = application != null ? application : charm.name();
            open.deploy(name, charm, options, machines);
            System.err.println("Deploying \"" + name + "\" from local charm \"" + charm.name() + "\"");
            return ModelOption.settle(open, timeout);
        }
    }
}
