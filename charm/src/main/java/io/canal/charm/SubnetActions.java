package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.check.Report;
import io.canal.control.AgentStatus;
import io.canal.control.Finding;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Juju;
import io.canal.model.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** check-subnets and repair-subnets. Both work with the agent stopped, and with etcd away. */
record SubnetActions(Juju juju, Machine machine) {

    /** A repair may ask etcd several times. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** An action is not a hook: who runs it waits for it. */
    private static final Duration START = Duration.ofSeconds(10);

    /** Compares; 1 if strict and something is inconsistent. */
    int check(boolean strict) throws IOException {
        Report report = machine.check().report();
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
        switch (machine.agent().ask(Op.REPAIR, arguments, PATIENCE)) {
            case Reply.Done(ObjectNode body) -> tell(dryRun, strings(body, "plan"), strings(body, "done"), strings(body, "left"));
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable _ -> repairWithoutAgent(arguments, dryRun);
        }
    }

    /** First of all starts it, for most of what is to be mended is the agent's; if it does not come up, the files are mended here. */
    private void repairWithoutAgent(ObjectNode arguments, boolean dryRun) throws IOException {
        String verb = machine.process().runningFrom().isEmpty() ? "start" : "restart";
        String sentence = (dryRun ? "" : "Asked systemd to ") + verb + " " + NodeSetup.UNIT;
        if (!dryRun && machine.systemd().control(verb, "--no-block", NodeSetup.UNIT) && isUp()
                && machine.agent().ask(Op.REPAIR, arguments, PATIENCE) instanceof Reply.Done(ObjectNode body)) {
            settle();
            List<String> done = new ArrayList<>(List.of(sentence));
            done.addAll(strings(body, "done"));
            tell(false, strings(body, "plan"), done, strings(body, "left"));
            return;
        }
        FileRepair repair = new FileRepair(machine.node(), machine.program().current().resolve("templates"));
        FileRepair.Outcome outcome = repair.run(machine.check().observation(), dryRun);
        List<String> plan = new ArrayList<>(List.of(verb + " " + NodeSetup.UNIT));
        plan.addAll(outcome.plan());
        List<String> done = new ArrayList<>(dryRun ? List.of() : List.of(sentence));
        done.addAll(outcome.done());
        tell(dryRun, plan, done, outcome.left());
    }

    private boolean isUp() {
        Patience patience = new Patience(machine.time(), START);
        boolean up = machine.agent().status(patience.forOneCall()).isPresent();
        while (!up && patience.pause()) {
            up = machine.agent().status(patience.forOneCall()).isPresent();
        }
        return up;
    }

    /** Gives an agent that has just started the time to mend what it owns. */
    private void settle() {
        Patience patience = new Patience(machine.time(), START);
        boolean ready = machine.agent().status(patience.forOneCall()).filter(AgentStatus::ready).isPresent();
        while (!ready && patience.pause()) {
            ready = machine.agent().status(patience.forOneCall()).filter(AgentStatus::ready).isPresent();
        }
    }

    private void tell(boolean dryRun, List<String> plan, List<String> done, List<String> left) throws IOException {
        Map<String, String> results = new TreeMap<>();
        number(results, "plan", plan);
        number(results, "done", done);
        Report after = machine.check().report();
        List<String> rest = new ArrayList<>(left);
        if (!dryRun) {
            // Honest to the end: what is still wrong is looked at, not taken from who mended it.
            after.problems().stream().map(Finding::what).filter(what -> !rest.contains(what)).forEach(rest::add);
        }
        number(results, "left", rest);
        results.put("consistent", Boolean.toString(after.isConsistent()));
        juju.actionResults(results);
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
