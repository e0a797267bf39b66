package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.check.Observation;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the actions do. */
record Actions(HookContext context, Juju juju, Machine machine) {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** More than this in one result only hides what matters. */
    private static final int MOST = 200;

    /** Runs one; the exit code. */
    int run(String name) throws IOException {
        switch (name) {
            case "check-subnets" -> {
                return subnets().check(juju.actionParameters().path("strict").asBoolean());
            }
            case "repair-subnets" -> subnets().repair(juju.actionParameters());
            case "list-leases" -> listLeases();
            case "why" -> why(juju.actionParameters());
            case "show-policies" -> showPolicies(juju.actionParameters().path("policy").asText());
            case "release-lease" -> releaseLease(juju.actionParameters().path("subnet").asText());
            default -> juju.actionFailed("canal has no action " + name);
        }
        return 0;
    }

    /** What the policies in etcd say of a connection, worked out here: it needs no agent. */
    private void why(JsonNode parameters) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = io.canal.ctl.Main.run(List.of("why", parameters.path("source").asText(), parameters.path("destination").asText()), machine.node().root(),
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        if (code != 0) {
            juju.actionFailed((err.toString(StandardCharsets.UTF_8) + out.toString(StandardCharsets.UTF_8)).strip());
            return;
        }
        juju.actionResults(answer(out.toString(StandardCharsets.UTF_8)));
    }

    /** The sentence, and the walk in one: results are printed by the order of their keys, and where a line stands and how far in tells what it is about. */
    static Map<String, String> answer(String told) {
        String[] parts = told.strip().split("\n", 2);
        return parts.length == 1 ? Map.of("answer", parts[0]) : Map.of("answer", parts[0], "walk", parts[1]);
    }

    private SubnetActions subnets() {
        return new SubnetActions(context, juju, machine);
    }

    private void listLeases() throws IOException {
        switch (machine.agent().ask(Op.LEASES, Json.object(), PATIENCE)) {
            case Reply.Done(ObjectNode body) -> tellLeases(body.path("leases"));
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable _ -> listLeasesWithoutAgent();
        }
    }

    /** What etcd says, without the times that only the agent asks for. */
    private void listLeasesWithoutAgent() throws IOException {
        switch (machine.check(context).observation().etcd()) {
            case Observation.Etcd.Away(String reason) -> juju.actionFailed("No agent runs here, and etcd could not be asked: " + reason);
            case Observation.Etcd.Seen etcd -> tellLeases(rows(etcd));
        }
    }

    private static ArrayNode rows(Observation.Etcd.Seen etcd) {
        ArrayNode rows = JsonNodeFactory.instance.arrayNode();
        Set<SubnetKey> subnets = new TreeSet<>(etcd.leases().keySet());
        subnets.addAll(etcd.holders().keySet());
        for (SubnetKey subnet : subnets) {
            Optional<HolderRecord> holder = Optional.ofNullable(etcd.holders().get(subnet));
            Optional<LeaseValue> lease = Optional.ofNullable(etcd.leases().get(subnet)).or(() -> holder.map(HolderRecord::lease));
            rows.addObject()
                    .put("subnet", subnet.pretty())
                    .put("public-ip", lease.flatMap(value -> value.publicAddress(Ip.Family.V4).or(value::publicIpv6)).map(Ip::toString).orElse(""))
                    .put("node", holder.map(HolderRecord::nodename).orElse(""))
                    .put("unit", holder.map(HolderRecord::unit).orElse(""))
                    .put("holder", holder.isPresent());
        }
        return rows;
    }

    private void tellLeases(JsonNode rows) {
        Map<String, String> results = new TreeMap<>();
        results.put("count", Integer.toString(rows.size()));
        for (int i = 0; i < Math.min(rows.size(), MOST); i++) {
            String at = "leases." + i + ".";
            rows.get(i).properties().forEach(field -> results.put(at + field.getKey(), field.getValue().asText()));
        }
        juju.actionResults(results);
    }

    /** What the agent reads from the kernel. */
    private void showPolicies(String policy) {
        switch (machine.agent().ask(Op.POLICIES, Json.object().put("policy", policy), PATIENCE)) {
            case Reply.Done(ObjectNode body) when !policy.isEmpty() && body.path("policies").isEmpty() ->
                juju.actionResults(Map.of("count", "0", "answer", "No policy " + policy + " governs a pod or an interface of this node."));
            case Reply.Done(ObjectNode body) -> tellPolicies(body);
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable(String sentence) -> juju.actionFailed(sentence);
        }
    }

    private void tellPolicies(JsonNode body) {
        JsonNode policies = body.path("policies");
        Map<String, String> results = new TreeMap<>();
        results.put("dataplane", body.path("dataplane").asText());
        results.put("count", Integer.toString(policies.size()));
        for (int i = 0; i < Math.min(policies.size(), MOST); i++) {
            tell("policies." + i, policies.get(i), results);
        }
        juju.actionResults(results);
    }

    private static void tell(String at, JsonNode value, Map<String, String> results) {
        value.properties().forEach(field -> tell(at + "." + field.getKey(), field.getValue(), results));
        for (int i = 0; value.isArray() && i < value.size(); i++) {
            tell(at + "." + i, value.get(i), results);
        }
        if (value.isValueNode()) {
            results.put(at, value.asText());
        }
    }

    private void releaseLease(String subnet) {
        switch (machine.agent().ask(Op.RELEASE_LEASE, Json.object().put("subnet", subnet), PATIENCE)) {
            case Reply.Done _ -> juju.actionResults(Map.of("released", subnet));
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable(String sentence) -> juju.actionFailed(sentence);
        }
    }
}
