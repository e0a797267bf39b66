package io.canal.policy.selector;

import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** A part of a selector. */
sealed interface Expression {

    boolean matches(Labels labels);

    /** The one text of this meaning and structure, from which Felix makes ids. */
    String canonical();

    /** What labels must be like for this to match; may ask for less than this does, never for more. */
    default Map<String, Restriction> restrictions() {
        return Map.of();
    }

    /** This with each part that has no parts itself replaced. */
    default Expression rewritten(UnaryOperator<Expression> leaf) {
        return switch (this) {
            case All all -> leaf.apply(all);
            case Global global -> leaf.apply(global);
            case Has has -> leaf.apply(has);
            case Equal equal -> leaf.apply(equal);
            case In in -> leaf.apply(in);
            case Part part -> leaf.apply(part);
            case Not(Expression operand) -> new Not(operand.rewritten(leaf));
            case And(List<Expression> operands) -> new And(operands.stream().map(operand -> operand.rewritten(leaf)).toList());
            case Or(List<Expression> operands) -> new Or(operands.stream().map(operand -> operand.rewritten(leaf)).toList());
        };
    }

    record All() implements Expression {

        @Override
        public boolean matches(Labels labels) {
            return true;
        }

        @Override
        public String canonical() {
            return "all()";
        }
    }

    /** Means something in a rule's namespace selector only, which is rewritten before; left alone it is true. */
    record Global() implements Expression {

        @Override
        public boolean matches(Labels labels) {
            return true;
        }

        @Override
        public String canonical() {
            return "global()";
        }
    }

    record Has(String label) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            return labels.get(label) != null;
        }

        @Override
        public String canonical() {
            return "has(" + label + ")";
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return Map.of(label, Restriction.present());
        }
    }

    /** {@code ==} and {@code !=}. The latter is also true where the label is absent. */
    record Equal(String label, String value, boolean negated) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            return value.equals(labels.get(label)) != negated;
        }

        @Override
        public String canonical() {
            return label + (negated ? " != " : " == ") + quoted(value);
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return negated ? Map.of() : Map.of(label, Restriction.oneOf(List.of(value)));
        }
    }

    /** {@code in} and {@code not in}. The latter is also true where the label is absent. */
    record In(String label, SortedSet<String> values, boolean negated) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            String value = labels.get(label);
            return (value != null && values.contains(value)) != negated;
        }

        @Override
        public String canonical() {
            return label + (negated ? " not in {" : " in {") + values.stream().map(Expression::quoted).collect(Collectors.joining(", ")) + "}";
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return negated ? Map.of() : Map.of(label, Restriction.oneOf(values));
        }
    }

    /** A test on the text of a label that is there. */
    record Part(String label, Where where, String text) implements Expression {

        enum Where {
            CONTAINS("contains"),
            STARTS("starts with"),
            ENDS("ends with");

            private final String words;

            Where(String words) {
                this.words = words;
            }
        }

        @Override
        public boolean matches(Labels labels) {
            String value = labels.get(label);
            return value != null && switch (where) {
                case CONTAINS -> value.contains(text);
                case STARTS -> value.startsWith(text);
                case ENDS -> value.endsWith(text);
            };
        }

        @Override
        public String canonical() {
            return label + " " + where.words + " " + quoted(text);
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return Map.of(label, Restriction.present());
        }
    }

    record Not(Expression operand) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            return !operand.matches(labels);
        }

        @Override
        public String canonical() {
            return "!" + operand.canonical();
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return operand instanceof Has(String label) ? Map.of(label, Restriction.absent()) : Map.of();
        }
    }

    record And(List<Expression> operands) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            for (Expression operand : operands) {
                if (!operand.matches(labels)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String canonical() {
            return joined(operands, " && ");
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return Restriction.allOf(operands.stream().map(Expression::restrictions).toList());
        }
    }

    record Or(List<Expression> operands) implements Expression {

        @Override
        public boolean matches(Labels labels) {
            for (Expression operand : operands) {
                if (operand.matches(labels)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public String canonical() {
            return joined(operands, " || ");
        }

        @Override
        public Map<String, Restriction> restrictions() {
            return Restriction.anyOf(operands.stream().map(Expression::restrictions).toList());
        }
    }

    private static String joined(List<Expression> operands, String operator) {
        StringBuilder text = new StringBuilder("(");
        for (int i = 0; i < operands.size(); i++) {
            text.append(i == 0 ? "" : operator).append(operands.get(i).canonical());
        }
        return text.append(')').toString();
    }

    private static String quoted(String value) {
        String quote = value.indexOf('"') >= 0 ? "'" : "\"";
        return quote + value + quote;
    }
}
