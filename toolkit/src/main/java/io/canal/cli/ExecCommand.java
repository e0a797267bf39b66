package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a command in a hook context. */
@Command(name = "exec", description = "Runs a command as root in a hook context of a unit, hook tools at hand.",
        mixinStandardHelpOptions = true)
final class ExecCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = {"-u", "--unit"}, paramLabel = "UNIT", required = true)
    private String unit = "";

    @Option(names = "--format", paramLabel = "plain|json|yaml", defaultValue = "plain")
    private String format = "plain";

    @Option(names = "--wait", defaultValue = "5m", converter = Durations.class,
            description = "How long to wait for the command (default: ${DEFAULT-VALUE}).")
    private Duration patience = Duration.ofMinutes(5);

    @Parameters(paramLabel = "COMMAND", arity = "1..*")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        UsageException.checkFormat(format, "plain", "json", "yaml");
        try (Model open = model.open(Watcher.NONE)) {
            int code = TaskReport.print(List.of(open.exec(unit, command, patience)), format);
            int settled = ModelOption.settle(open, patience);
            return code == 0 ? settled : code;
        }
    }
}
