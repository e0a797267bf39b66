package io.canal.policy.validation;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.policy.selector.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The two lists of problems, while they are found, and checks that several kinds share. */
final class Checks {

    private static final Pattern LABEL_NAME = Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
    private static final Pattern LABEL_PREFIX = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final int LONGEST_SELECTOR = 1024;
    private static final int LONGEST_PREFIX = 253;

    private final List<FieldProblem> fields = new ArrayList<>();
    private final List<FieldProblem> schema = new ArrayList<>();

    List<FieldProblem> all() {
        List<FieldProblem> all = new ArrayList<>(fields);
        all.addAll(schema);
        return all;
    }

    void field(String field, String value, String reason) {
        fields.add(FieldProblem.of(field, value, reason));
    }

    void schema(String path, String reason) {
        schema.add(FieldProblem.schema(path, reason));
    }

    /** Checks a text where it is there. */
    void tag(String field, JsonNode value, String tag, Predicate<String> good) {
        if (!value.isMissingNode() && !value.asText().isEmpty() && !good.test(value.asText())) {
            fields.add(FieldProblem.tag(field, value.asText(), tag));
        }
    }

    /** Checks each element of a list. */
    void each(String field, JsonNode list, String tag, Predicate<String> good) {
        for (int i = 0; i < list.size(); i++) {
            tag(field + "[" + i + "]", list.get(i), tag, good);
        }
    }

    /** A word that has to be one of some, which both Calico's tag and its schema check. */
    void oneOf(String field, String path, JsonNode value, String tag, List<String> words) {
        String text = value.asText();
        if (!words.contains(text)) {
            fields.add(FieldProblem.tag(field, text, tag));
            schema(path, "supported values: " + String.join(", ", words.stream().map(word -> "\"" + word + "\"").toList()));
        }
    }

    void selector(String field, JsonNode value) {
        tag(field, value, "selector", text -> text.length() <= LONGEST_SELECTOR && Selector.parse(text) instanceof Decoded.Good<Selector>);
    }

    /** A selector of namespaces, in which {@code global()} stands alone or not at all. */
    void namespaceSelector(String field, JsonNode value, boolean global) {
        selector(field, value);
        String text = value.asText().strip();
        if (text.contains("global(") && !(global && text.replaceAll("[ \\t]", "").equals("global()"))) {
            field(field, value.asText(), global ? "cannot combine global() with other expressions" : "global() can only be used in an EntityRule namespaceSelector");
        }
    }

    void labels(String field, JsonNode labels, String tag) {
        boolean good = labels.propertyStream().allMatch(label -> isLabelKey(label.getKey())
                && (label.getValue().asText().isEmpty() || LABEL_NAME.matcher(label.getValue().asText()).matches()));
        if (!good) {
            fields.add(FieldProblem.tag(field, GoText.value(labels), tag));
        }
    }

    private static boolean isLabelKey(String key) {
        int slash = key.indexOf('/');
        return LABEL_NAME.matcher(key.substring(slash + 1)).matches()
                && (slash < 0 || slash <= LONGEST_PREFIX && LABEL_PREFIX.matcher(key.substring(0, slash)).matches());
    }
}
