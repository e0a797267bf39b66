package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Kubernetes' label selectors in Calico's language. */
final class LabelSelectors {

    /** Pods, but neither host endpoints nor network sets. */
    static final String PODS = "projectcalico.org/orchestrator == 'k8s'";

    private static final String AND = " && ";

    /** What no label can fulfil. */
    private static final String NEVER = "!all()";

    private static final Pattern LABEL = Pattern.compile("[a-zA-Z0-9_./-]{1,512}");

    private LabelSelectors() {}

    /** Selects pods; all of them where the selector is absent, null or empty. */
    static String pods(String field, JsonNode selector) throws Unconvertible {
        List<String> terms = new ArrayList<>(List.of(PODS));
        terms.addAll(terms(field, selector));
        return String.join(AND, terms);
    }

    /** Selects namespaces; nothing is said where the selector is absent or null. */
    static String namespaces(String field, JsonNode selector) throws Unconvertible {
        if (!Given.is(selector)) {
            return "";
        }
        List<String> terms = terms(field, selector);
        return terms.isEmpty() ? "all()" : String.join(AND, terms);
    }

    private static List<String> terms(String field, JsonNode selector) throws Unconvertible {
        if (Given.is(selector) && !selector.isObject()) {
            throw new Unconvertible(field, selector.toString(), "a label selector");
        }
        List<String> terms = new ArrayList<>();
        TreeMap<String, String> labels = new TreeMap<>();
        JsonNode exact = selector.path("matchLabels");
        if (Given.is(exact) && !exact.isObject()) {
            throw new Unconvertible(field + ".matchLabels", exact.toString(), "an object of strings");
        }
        for (var label : exact.properties()) {
            labels.put(label.getKey(), Given.text(field + ".matchLabels." + label.getKey(), label.getValue()));
        }
        labels.forEach((key, value) -> terms.add(isLabel(key) && isValue(value) ? key + " == " + quoted(value) : NEVER));
        List<JsonNode> expressions = Given.objects(field + ".matchExpressions", selector.path("matchExpressions"));
        for (int i = 0; i < expressions.size(); i++) {
            term(field + ".matchExpressions[" + i + "]", expressions.get(i), terms);
        }
        return terms;
    }

    private static void term(String field, JsonNode expression, List<String> terms) throws Unconvertible {
        String key = Given.text(field + ".key", expression.path("key"));
        List<String> values = new ArrayList<>();
        for (JsonNode value : Given.list(field + ".values", expression.path("values"))) {
            String text = Given.text(field + ".values", value);
            // No pod can have a label that cannot be written; it selects none and excludes none.
            if (isValue(text)) {
                values.add(quoted(text));
            }
        }
        String set = values.stream().collect(Collectors.joining(", ", "{ ", " }"));
        boolean possible = isLabel(key);
        switch (expression.path("operator").asText()) {
            case "In" -> terms.add(possible ? key + " in " + set : NEVER);
            case "Exists" -> terms.add(possible ? "has(" + key + ")" : NEVER);
            case "NotIn" -> {
                if (possible) {
                    terms.add(key + " not in " + set);
                }
            }
            case "DoesNotExist" -> {
                if (possible) {
                    terms.add("! has(" + key + ")");
                }
            }
            default -> throw new Unconvertible(field + ".operator", expression.path("operator").asText(), "In, NotIn, Exists or DoesNotExist");
        }
    }

    private static boolean isLabel(String key) {
        return LABEL.matcher(key).matches();
    }

    private static boolean isValue(String value) {
        return value.indexOf('\'') < 0 || value.indexOf('"') < 0;
    }

    private static String quoted(String value) {
        return value.indexOf('\'') < 0 ? "'" + value + "'" : "\"" + value + "\"";
    }
}
