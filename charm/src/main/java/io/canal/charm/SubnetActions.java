package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.check.Report;
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
            case Reply.Unreachable _ -> repairWithoutAgent(dryRun);
        }
    }

    private void repairWithoutAgent(boolean dryRun) throws IOException {
        FileRepair.Outcome outcome = new FileRepair(machine.node(), machine.program().current().resolve("templates")).run(machine.check().observation(), dryRun);
        tell(dryRun, outcome.plan(), outcome.done(), outcome.left());
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
