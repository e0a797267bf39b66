package io.canal.policy.selector;

import io.canal.policy.selector.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/** Reads the words of a selector: {@code ||} binds least, then {@code &&}, then {@code !}. */
final class Parser {

    /** Deeper nesting is refused: each level takes eight frames of the stack. */
    private static final int DEEPEST = 256;

    private final List<Token> tokens;
    private int next;
    private int depth;

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    static Expression parse(String text) throws Malformed {
        Parser parser = new Parser(Tokens.of(text));
        if (parser.peek() == Kind.END) {
            return new Expression.All();
        }
        Expression all = parser.or();
        parser.take(Kind.END);
        return all;
    }

    private Expression or() throws Malformed {
        return joined(Kind.OR, this::and, Expression.Or::new);
    }

    private Expression and() throws Malformed {
        return joined(Kind.AND, this::operation, Expression.And::new);
    }

    private interface Part {
        Expression read() throws Malformed;
    }

    private Expression joined(Kind operator, Part part, Function<List<Expression>, Expression> join) throws Malformed {
        List<Expression> parts = new ArrayList<>();
        parts.add(part.read());
        while (peek() == operator) {
            next++;
            parts.add(part.read());
        }
        return parts.size() == 1 ? parts.getFirst() : join.apply(List.copyOf(parts));
    }

    private Expression operation() throws Malformed {
        boolean negated = false;
        while (peek() == Kind.NOT) {
            next++;
            negated = !negated;
        }
        Expression operand = operand();
        return negated ? new Expression.Not(operand) : operand;
    }

    private Expression operand() throws Malformed {
        Token token = tokens.get(next++);
        return switch (token.kind()) {
            case HAS -> new Expression.Has(token.text());
            case ALL -> new Expression.All();
            case GLOBAL -> new Expression.Global();
            case LABEL -> onLabel(token.text());
            case OPEN -> {
                if (++depth > DEEPEST) {
                    throw new Malformed(token.at(), "no more than " + DEEPEST + " parentheses within each other");
                }
                Expression inner = or();
                take(Kind.CLOSE);
                depth--;
                yield inner;
            }
            case STRING, EQUAL, NOT_EQUAL, IN, NOT_IN, CONTAINS, STARTS_WITH, ENDS_WITH, NOT, AND, OR, CLOSE, OPEN_SET, CLOSE_SET, COMMA, END ->
                throw new Malformed(token.at(), "a label, has(…), all() or a parenthesis");
        };
    }

    private Expression onLabel(String label) throws Malformed {
        Token operator = tokens.get(next++);
        return switch (operator.kind()) {
            case EQUAL -> new Expression.Equal(label, take(Kind.STRING).text(), false);
            case NOT_EQUAL -> new Expression.Equal(label, take(Kind.STRING).text(), true);
            case IN -> new Expression.In(label, set(), false);
            case NOT_IN -> new Expression.In(label, set(), true);
            case CONTAINS -> new Expression.Part(label, Expression.Part.Where.CONTAINS, take(Kind.STRING).text());
            case STARTS_WITH -> new Expression.Part(label, Expression.Part.Where.STARTS, take(Kind.STRING).text());
            case ENDS_WITH -> new Expression.Part(label, Expression.Part.Where.ENDS, take(Kind.STRING).text());
            case LABEL, STRING, HAS, ALL, GLOBAL, NOT, AND, OR, OPEN, CLOSE, OPEN_SET, CLOSE_SET, COMMA, END ->
                throw new Malformed(operator.at(), "an operator");
        };
    }

    /** Strings in braces; there may be none, and a comma may follow the last. */
    private SortedSet<String> set() throws Malformed {
        take(Kind.OPEN_SET);
        SortedSet<String> values = new TreeSet<>();
        while (peek() == Kind.STRING) {
            values.add(take(Kind.STRING).text());
            if (peek() != Kind.COMMA) {
                break;
            }
            next++;
        }
        take(Kind.CLOSE_SET);
        return values;
    }

    private Kind peek() {
        return tokens.get(next).kind();
    }

    private Token take(Kind kind) throws Malformed {
        Token token = tokens.get(next);
        if (token.kind() != kind) {
            throw new Malformed(token.at(), kind.shown());
        }
        next++;
        return token;
    }
}
