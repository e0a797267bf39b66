package io.canal.policy.validation;

import java.util.List;
import java.util.Optional;

/**
 * Something that is wrong with a field.
 *
 * @param field its name in Calico's Go types, or its path in the document where the schema speaks
 * @param value as Go prints it; empty where the schema speaks
 */
public record FieldProblem(String field, Optional<String> value, String reason) {

    static FieldProblem of(String field, String value, String reason) {
        return new FieldProblem(field, Optional.of(value), reason);
    }

    /** A field that does not have the form that its tag asks for. */
    static FieldProblem tag(String field, String value, String tag) {
        return of(field, value, "Reason: failed to validate Field: " + field + " because of Tag: " + tag + " ");
    }

    static FieldProblem schema(String path, String reason) {
        return new FieldProblem(path, Optional.empty(), reason);
    }

    private String text() {
        return field + value.map(text -> " = '" + text + "'").orElse("") + " (" + reason + ")";
    }

    /** All of them as calicoctl prints them. */
    public static String print(List<FieldProblem> problems) {
        if (problems.size() == 1) {
            return "error with field " + problems.getFirst().text();
        }
        StringBuilder text = new StringBuilder("error with the following fields:\n");
        problems.forEach(problem -> text.append("-  ").append(problem.text()).append('\n'));
        return text.toString();
    }
}
