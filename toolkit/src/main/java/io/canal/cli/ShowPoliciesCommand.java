package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelView;
import io.canal.controller.TaskResult;
import io.canal.controller.text.Trees;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the action of that name: on all units, for a policy governs nodes that nobody need know. */
@Command(name = "show-policies", mixinStandardHelpOptions = true,
        description = "Shows which policies govern the pods and interfaces of the nodes, and what each of their rules has met.")
final class ShowPoliciesCommand implements Callable<Integer> {

    private static final String POLICY = "policy";

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--format", paramLabel = "plain|json|yaml", defaultValue = "plain")
    private String format = "plain";

    @Option(names = "--wait", defaultValue = "60s", converter = Durations.class,
            description = "How long to wait for the results (default: ${DEFAULT-VALUE}).")
    private Duration patience = Duration.ofSeconds(60);

    @Parameters(paramLabel = "[UNIT…] [policy=NAMESPACE/NAME]",
            description = "Only those units, such as canal/0; else all. Only that policy, a global one by its NAME alone; else the first 200 of each unit.")
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        UsageException.checkFormat(format, "plain", "json", "yaml");
        List<String> units = new ArrayList<>();
        List<String> arguments = new ArrayList<>();
        for (String word : words) {
            if (!word.contains("=") && !RunCommand.UNIT.matcher(word).matches()) {
                throw new UsageException("\"" + word + "\" is no unit, such as canal/0; a policy is named so: " + POLICY + "=" + word);
            }
            (word.contains("=") ? arguments : units).add(word);
        }
        var params = ActionArguments.parse(Trees.object(), arguments, true);
        try (Model open = model.open(new Waiting())) {
            List<String> chosen = units.isEmpty() ? open.unitsWith("show-policies") : RunCommand.named(open.view(), units);
            List<TaskResult> results = RunCommand.run(open, chosen, "show-policies", params, patience);
            int code = TaskReport.print(results, format);
            String policy = params.path(POLICY).asText();
            if (code == 0 && !policy.isEmpty() && results.stream().allMatch(ShowPoliciesCommand::isEmpty)) {
                code = explain(open.view(), policy);
            }
            ModelOption.finishBeside(open, patience);
            return code;
        }
    }

    /** Whether a unit was asked, and has no such policy. */
    private static boolean isEmpty(TaskResult result) {
        return result.isCompleted() && result.results().path("count").asText().equals("0");
    }

    private static int explain(ModelView view, String policy) throws Exception {
        if (PolicyCommands.isAbsent(view, policy)) {
            System.err.println("ERROR there is no policy " + policy + ", neither in force nor in etcd; canal get np -A and canal get gnp list them");
            return 1;
        }
        System.err.println("NOTE policy " + policy + " governs no pod and no interface of these units");
        return 0;
    }
}
