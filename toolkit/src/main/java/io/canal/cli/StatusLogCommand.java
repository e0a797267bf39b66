package io.canal.cli;

import io.canal.controller.ModelException;
import io.canal.controller.ModelLogs;
import io.canal.controller.ModelLogs.StatusChange;
import io.canal.controller.ModelView;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows how a unit's statuses changed, as {@code juju show-status-log} does. */
@Command(name = "show-status-log", description = "Shows how the statuses of a unit changed.", mixinStandardHelpOptions = true)
final class StatusLogCommand implements Callable<Integer> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("dd MMM yyyy HH:mm:ss'Z'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final int DEFAULT_LINES = 20;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--type", defaultValue = "unit", paramLabel = "unit|juju-unit|workload",
            description = "Which statuses: of the agent that runs the hooks, of what the charm runs, or both (default).")
    private String type = "unit";

    @Option(names = "-n", description = "How many of the last changes (default: 20).")
    private int lines;

    @Option(names = "--days", description = "All changes of that many last days.")
    private int days;

    @Parameters(paramLabel = "UNIT")
    private String unit = "";

    @Override
    public Integer call() throws Exception {
        Predicate<StatusChange> kind = switch (type) {
            case "unit" -> change -> true;
            case "juju-unit", "workload" -> change -> change.type().equals(type);
            default -> throw new UsageException("unexpected status type \"" + type + "\"");
        };
        if (lines > 0 && days > 0) {
            throw new UsageException("backlog size and date or days cannot be specified together");
        }
        ModelView view = model.view();
        if (view.units().stream().noneMatch(known -> known.name().equals(unit))) {
            throw new ModelException("unit \"" + unit + "\" not found");
        }
        Instant since = days > 0 ? Instant.now().minus(Duration.ofDays(days)) : Instant.MIN;
        List<StatusChange> changes = ModelLogs.statuses(model.folder(), unit).stream()
                .filter(kind)
                .filter(change -> !change.time().isBefore(since))
                .toList();
        int most = days > 0 ? changes.size() : lines > 0 ? lines : DEFAULT_LINES;
        System.out.print(table(changes.subList(Math.max(0, changes.size() - most), changes.size())));
        return 0;
    }

    static String table(List<StatusChange> changes) {
        TextTable table = new TextTable("Time", "Type", "Status", "Message");
        changes.forEach(change -> table.row(TIME.format(change.time()), change.type(), change.status(), change.message()));
        return table.toString();
    }
}
