package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.calico.RuleAction;
import io.canal.policy.reference.Judgement;
import io.canal.policy.reference.Stage;
import io.canal.policy.reference.Stage.Point;
import io.canal.policy.reference.Step;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the rules in a node's kernel do with a packet, as its agent told. */
final class KernelWalk {

    private static final String GUARD = "canal guard: ";
    private static final String SERVICE_LOOP = "cali-cidr-block";

    private final JsonNode told;

    /** @param told the reply to {@link io.canal.control.Op#VERDICT} */
    KernelWalk(JsonNode told) {
        this.told = told;
    }

    boolean through() {
        return told.path("through").asBoolean();
    }

    /** The keys of etcd of which the node keeps an earlier version in force. */
    List<String> earlier() {
        return told.path("earlier").valueStream().map(JsonNode::asText).toList();
    }

    /** What drops the packet, where it is none of anybody's policies but one of canal's own rules. */
    Optional<String> guard() {
        JsonNode rules = told.path("rules");
        if (through() || rules.isEmpty()) {
            return Optional.empty();
        }
        JsonNode last = rules.get(rules.size() - 1);
        String comment = last.path("comment").asText();
        int guard = comment.indexOf(GUARD);
        if (guard >= 0) {
            return Optional.of("canal's own guard: " + comment.substring(guard + GUARD.length()));
        }
        return last.path("chain").asText().endsWith(SERVICE_LOOP)
                ? Optional.of("the destination is of a block of services that no program has translated; ask for the pod behind the service") : Optional.empty();
    }

    /** What differs from what policy makes of the packet; empty where nothing does. */
    Optional<String> disagreement(Judgement judgement) {
        if (through() != judgement.allowed()) {
            return Optional.of("the policies " + (judgement.allowed() ? "allow" : "deny") + " it, and the kernel does not");
        }
        Set<String> evaluated = new LinkedHashSet<>();
        for (Stage stage : judgement.walk()) {
            for (Step step : stage.steps()) {
                if (step instanceof Step.PolicyRule(_, var policy, int rule, RuleAction action) && action != RuleAction.LOG) {
                    evaluated.add(policy.text() + ", " + (isIngress(stage.point()) ? "ingress" : "egress") + " rule " + rule);
                }
            }
        }
        Set<String> met = new LinkedHashSet<>();
        told.path("rules").forEach(rule -> {
            if (rule.path("index").asInt(-1) >= 0 && !rule.path("action").asText().equals("log")) {
                met.add(title(rule));
            }
        });
        return evaluated.equals(met) ? Optional.empty()
                : Optional.of("the policies decide by " + titles(evaluated) + ", and the kernel by " + titles(met));
    }

    private static boolean isIngress(Point point) {
        return switch (point) {
            case UNTRACKED_INGRESS, PRE_DNAT, HOST_FORWARD_INGRESS, HOST_INGRESS, POD_INGRESS -> true;
            case POD_EGRESS, POD_TO_HOST, HOST_FORWARD_EGRESS, UNTRACKED_EGRESS, HOST_EGRESS -> false;
        };
    }

    private static String titles(Set<String> titles) {
        return titles.isEmpty() ? "no rule of a policy" : String.join(" and ", titles);
    }

    private static String title(JsonNode rule) {
        String namespace = rule.path("namespace").asText();
        return rule.path("kind").asText() + " " + (namespace.isEmpty() ? "" : namespace + "/") + rule.path("name").asText() + ", "
                + rule.path("direction").asText() + " rule " + rule.path("index").asInt();
    }

    /** For people: what becomes of it, then the rules that it met. */
    List<String> lines(String node) {
        List<String> lines = new ArrayList<>();
        lines.add("in the kernel of " + node + " (" + told.path("dataplane").asText() + ", " + way() + "): " + (through() ? "let through" : "dropped"));
        for (JsonNode rule : told.path("rules")) {
            boolean ofPolicy = rule.has("kind");
            if (ofPolicy && rule.path("index").asInt(-1) < 0 && !rule.path("ends").asBoolean()) {
                // Only part of a rule.
                continue;
            }
            StringBuilder line = new StringBuilder("  ");
            if (ofPolicy && rule.path("index").asInt(-1) >= 0) {
                line.append(title(rule)).append(" (").append(rule.path("action").asText()).append("): ");
            }
            line.append("chain ").append(rule.path("chain").asText()).append(", rule ").append(rule.path("rule").asInt());
            rule.path("sets").forEach(set -> line.append(", set ").append(set.asText()));
            if (!ofPolicy && !rule.path("comment").asText().isEmpty()) {
                line.append(", ").append(rule.path("comment").asText());
            }
            if (rule.has("packets")) {
                long packets = rule.path("packets").asLong();
                line.append(": ").append(packets).append(packets == 1 ? " packet, " : " packets, ").append(rule.path("bytes").asLong()).append(" bytes so far");
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private String way() {
        String in = told.path("in").asText();
        String out = told.path("out").asText();
        return (in.isEmpty() ? "from the node itself" : "from " + in) + " " + (out.isEmpty() ? "to the node itself" : "to " + out);
    }
}
