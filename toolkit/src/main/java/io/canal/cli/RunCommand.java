package io.canal.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.controller.TaskResult;
import io.canal.controller.Watcher;
import io.canal.controller.text.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs an action on units. */
@Command(name = "run", description = "Runs an action on units and prints its results.", mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {

    static final Pattern UNIT = Pattern.compile("[a-z][a-z0-9-]*/(\\d+|leader)");
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--all", description = "On every unit whose charm has the action.")
    private boolean all;

    @Option(names = "--format", paramLabel = "plain|json|yaml", defaultValue = "plain")
    private String format = "plain";

    @Option(names = "--wait", defaultValue = "60s", converter = Durations.class,
            description = "How long to wait for the results (default: ${DEFAULT-VALUE}).")
    private Duration patience = Duration.ofSeconds(60);

    @Option(names = "--params", paramLabel = "FILE", description = "A YAML file of parameters.")
    private @Nullable Path paramsFile;

    @Option(names = "--string-args", description = "Takes values as text, not as YAML.")
    private boolean literal;

    @Parameters(paramLabel = "UNIT… ACTION [KEY=VALUE…]")
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        UsageException.checkFormat(format, "plain", "json", "yaml");
        int units = 0;
        while (units < words.size() && UNIT.matcher(words.get(units)).matches()) {
            units++;
        }
        if (units == 0 && !all) {
            throw new UsageException("no unit specified");
        }
        if (units > 0 && all) {
            throw new UsageException("--all is every unit whose charm has the action; leave out " + String.join(", ", words.subList(0, units)));
        }
        if (units == words.size()) {
            throw new UsageException("no action specified");
        }
        String action = words.get(units);
        ObjectNode params = ActionArguments.parse(fromFile(), words.subList(units + 1, words.size()), literal);
        AtomicBoolean logged = new AtomicBoolean();
        Watcher watcher = new Watcher() {
            @Override
            public void taskLog(String task, String text) {
                logged.set(true);
                System.err.println(CLOCK.format(Instant.now()) + " " + text);
            }
        };
        try (Model open = model.open(watcher)) {
            List<String> chosen = all ? open.unitsWith(action) : named(open.view(), words.subList(0, units));
            List<TaskResult> results = run(open, chosen, action, params, patience);
            if (logged.get()) {
                System.err.println();
            }
            int code = TaskReport.print(results, format);
            // As with Juju, the exit code is the actions': a unit may well be waiting for what an action has just told of.
            ModelOption.finishBeside(open, patience);
            return code;
        }
    }

    /** Runs an action on units, and says on standard error which tasks those are. */
    static List<TaskResult> run(Model open, List<String> units, String action, ObjectNode params, Duration patience) throws Exception {
        List<String> tasks = open.enqueue(units, action, params);
        int operation = Integer.parseInt(tasks.getFirst()) - 1;
        System.err.println("Running operation " + operation + " with " + tasks.size() + " task" + (tasks.size() == 1 ? "" : "s"));
        for (int i = 0; i < tasks.size(); i++) {
            System.err.println("  - task " + tasks.get(i) + " on unit-" + units.get(i).replace('/', '-'));
        }
        System.err.println();
        tasks.forEach(task -> System.err.println("Waiting for task " + task + "..."));
        return open.await(tasks, patience);
    }

    /** Units, the leader of an application by its own name. */
    static List<String> named(ModelView view, List<String> words) throws ModelException {
        List<String> units = new ArrayList<>();
        for (String word : words) {
            if (!word.endsWith("/leader")) {
                units.add(word);
                continue;
            }
            String application = word.substring(0, word.indexOf('/'));
            units.add(view.units().stream()
                    .filter(unit -> unit.application().equals(application) && unit.leader())
                    .map(ModelView.Unit::name)
                    .findFirst()
                    .orElseThrow(() -> new ModelException("could not determine leader for \"" + application + "\"")));
        }
        return units;
    }

    private ObjectNode fromFile() throws Exception {
        if (paramsFile == null) {
            return Trees.object();
        }
        try {
            if (Trees.yaml(Files.readString(paramsFile)) instanceof ObjectNode params) {
                return params;
            }
        } catch (YAMLException e) {
            throw new UsageException(paramsFile + " is no YAML: " + e.getMessage());
        }
        throw new UsageException(paramsFile + " holds no map of parameters");
    }
}
