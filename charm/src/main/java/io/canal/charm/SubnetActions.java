package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.check.Examination;
import io.canal.check.Report;
import io.canal.cni.AttachedPods;
import io.canal.control.AgentStatus;
import io.canal.control.Finding;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.model.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** check-subnets and repair-subnets. Both work with the agent stopped, and with etcd away. */
record SubnetActions(HookContext context, Juju juju, Machine machine) {

    private static final String NOTHING = "Nothing differs.";
    private static final String NOTHING_ALLOWED = "Nothing that may be done without being asked for; left says what is.";

    /** A repair may ask etcd several times. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** An action is not a hook: who runs it waits for it. */
    private static final Duration START = Duration.ofSeconds(10);

    /** A new lease takes a few calls of etcd. */
    private static final Duration SETTLE = Duration.ofSeconds(5);

    /** Compares; 1 if strict and something is inconsistent. */
    int check(boolean strict) throws IOException {
        Report report = machine.check(context).report();
        juju.actionResults(report.results());
        return strict && !report.isConsistent() ? 1 : 0;
    }

    /** Mends, through the agent where it is alive, else the files by ourselves. */
    void repair(JsonNode parameters) throws IOException {
        boolean dryRun = parameters.path("dry-run").asBoolean();
        ObjectNode arguments = Json.object()
                .put("dry-run", dryRun)
                .put("allow-renumber", parameters.path("allow-renumber").asBoolean())
                .put("accept-etcd", parameters.path("accept-etcd").asBoolean());
        List<Finding> before = machine.check(context).report().problems();
        switch (machine.agent().ask(Op.REPAIR, arguments, PATIENCE)) {
            case Reply.Done(ObjectNode body) -> {
                if (!dryRun) {
                    settle(SETTLE);
                }
                tell(dryRun, before, strings(body, "plan"), strings(body, "done"), strings(body, "left"));
            }
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable _ -> repairWithoutAgent(arguments, dryRun, before);
        }
    }

    /** First of all starts it, for most of what is to be mended is the agent's; if it does not come up, the files are mended here. */
    private void repairWithoutAgent(ObjectNode arguments, boolean dryRun, List<Finding> before) throws IOException {
        String verb = machine.process().runningFrom().isEmpty() ? "start" : "restart";
        String sentence = (dryRun ? "" : "Asked systemd to ") + verb + " " + NodeSetup.UNIT;
        if (!dryRun && machine.systemd().control(verb, "--no-block", NodeSetup.UNIT) && isUp()
                && machine.agent().ask(Op.REPAIR, arguments, PATIENCE) instanceof Reply.Done(ObjectNode body)) {
            settle(START);
            List<String> done = new ArrayList<>(List.of(sentence));
            done.addAll(strings(body, "done"));
            tell(false, before, strings(body, "plan"), done, strings(body, "left"));
            return;
        }
        FileRepair repair = new FileRepair(machine.node(), machine.program().current().resolve("templates"));
        FileRepair.Outcome outcome = repair.run(machine.check(context).observation(), dryRun);
        List<String> plan = new ArrayList<>(List.of(verb + " " + NodeSetup.UNIT));
        plan.addAll(outcome.plan());
        List<String> done = new ArrayList<>(dryRun ? List.of() : List.of(sentence));
        done.addAll(outcome.done());
        List<String> planned = List.of(NodeSetup.UNIT, machine.node().subnetEnv().toString(), machine.node().conflist().toString());
        List<Finding> others = before.stream().filter(problem -> !planned.contains(problem.where())).toList();
        tell(dryRun, dryRun ? others : List.of(), plan, done, outcome.left());
    }

    private boolean isUp() {
        Patience patience = new Patience(machine.time(), START);
        boolean up = machine.agent().status(patience.forOneCall()).isPresent();
        while (!up && patience.pause()) {
            up = machine.agent().status(patience.forOneCall()).isPresent();
        }
        return up;
    }

    /** Gives the agent the time to mend what it owns, and to have a new lease where it is to take one. */
    private void settle(Duration atMost) {
        Patience patience = new Patience(machine.time(), atMost);
        boolean ready = machine.agent().status(patience.forOneCall()).filter(AgentStatus::ready).isPresent();
        while (!ready && patience.pause()) {
            ready = machine.agent().status(patience.forOneCall()).filter(AgentStatus::ready).isPresent();
        }
    }

    /**
     * @param before what differed, and the agent mends
     * @param plan what else was to be done
     */
    private void tell(boolean dryRun, List<Finding> before, List<String> plan, List<String> done, List<String> left) throws IOException {
        Report after = machine.check(context).report();
        Map<String, String> results = new TreeMap<>();
        List<String> wholePlan = new ArrayList<>(plan);
        before.stream().filter(SubnetActions::isTheAgents).forEach(problem -> wholePlan.add("Put right: " + words(problem)));
        boolean differs = !before.isEmpty() || !left.isEmpty() || !after.isConsistent();
        number(results, "plan", wholePlan.isEmpty() ? List.of(differs ? NOTHING_ALLOWED : NOTHING) : wholePlan);
        List<String> rest = new ArrayList<>(left);
        if (dryRun) {
            before.stream().filter(problem -> !isTheAgents(problem)).forEach(problem -> rest.add(wordsAndRepair(problem)));
        } else {
            List<String> wholeDone = new ArrayList<>(done);
            before.stream().filter(problem -> !after.problems().contains(problem)).forEach(problem -> wholeDone.add("Put right: " + words(problem)));
            number(results, "done", wholeDone.isEmpty() && after.isConsistent() ? List.of(NOTHING) : wholeDone);
            // Honest to the end: what is still wrong is looked at, not taken from who mended it.
            after.problems().stream().filter(problem -> !rest.contains(words(problem)) && !rest.contains(advice(problem)))
                    .map(SubnetActions::wordsAndRepair).forEach(rest::add);
        }
        number(results, "left", rest);
        number(results, "recreate", toBeRecreated(after));
        results.put("consistent", Boolean.toString(after.isConsistent()));
        juju.actionResults(results);
    }

    /** The pods that no other node finds any more, by name where the journal knows them. */
    private List<String> toBeRecreated(Report report) throws IOException {
        Map<String, String> names = AttachedPods.byAddress(machine.node().endpointJournal());
        return report.problems().stream().filter(Examination::isLostPod)
                .map(problem -> names.getOrDefault(problem.found(), "a pod that canal did not make") + " " + problem.found()).distinct().toList();
    }

    /** Whether the agent mends it without being allowed anything more. */
    private static boolean isTheAgents(Finding problem) {
        return problem.repair().isEmpty() || problem.repair().endsWith(" repair-subnets");
    }

    private static String words(Finding problem) {
        return problem.what() + " " + problem.where() + ": found " + problem.found() + ", expected " + problem.expected() + ".";
    }

    /** With what an operator can do, where that is more than to run the repair that has just run. */
    static String wordsAndRepair(Finding problem) {
        return isTheAgents(problem) ? words(problem) : words(problem) + " " + problem.repair();
    }

    /** What an operator can do, also what the agent would do if it ran. */
    static String advice(Finding problem) {
        return problem.what() + " " + problem.repair();
    }

    private static void number(Map<String, String> results, String key, List<String> sentences) {
        for (int i = 0; i < sentences.size(); i++) {
            results.put(key + "." + i, sentences.get(i));
        }
    }

    private static List<String> strings(ObjectNode body, String field) {
        List<String> strings = new ArrayList<>();
        body.path(field).forEach(element -> strings.add(element.asText()));
        return strings;
    }
}
