package io.canal.policy.selector;

import io.canal.policy.selector.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a selector into its words. Blanks and tabs separate; between most words they need not be. */
final class Tokens {

    private static final Pattern LABEL = Pattern.compile("[a-zA-Z0-9_./-]{1,512}");
    private static final Pattern HAS = Pattern.compile("has\\([ \t]*(" + LABEL.pattern() + ")[ \t]*\\)");
    private static final Pattern ALL = Pattern.compile("all\\([ \t]*\\)");
    private static final Pattern GLOBAL = Pattern.compile("global\\([ \t]*\\)");

    /** Only behind a label; a label may well be called so. */
    private static final Pattern OPERATOR = Pattern.compile("(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)\\b");

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Tokens(String text) {
        this.text = text;
    }

    /** All words of {@code text}, and an END. */
    static List<Token> of(String text) throws Malformed {
        Tokens cutting = new Tokens(text);
        cutting.run();
        return cutting.tokens;
    }

    private void run() throws Malformed {
        while (true) {
            while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
                at++;
            }
            if (at == text.length()) {
                add(Kind.END, 0);
                return;
            }
            switch (text.charAt(at)) {
                case '(' -> add(Kind.OPEN, 1);
                case ')' -> add(Kind.CLOSE, 1);
                case '{' -> add(Kind.OPEN_SET, 1);
                case '}' -> add(Kind.CLOSE_SET, 1);
                case ',' -> add(Kind.COMMA, 1);
                case '"', '\'' -> string();
                case '=' -> two("==", Kind.EQUAL);
                case '&' -> two("&&", Kind.AND);
                case '|' -> two("||", Kind.OR);
                case '!' -> {
                    if (text.startsWith("!=", at)) {
                        add(Kind.NOT_EQUAL, 2);
                    } else {
                        add(Kind.NOT, 1);
                    }
                }
                default -> word();
            }
        }
    }

    private void add(Kind kind, int length) {
        tokens.add(new Token(kind, "", at));
        at += length;
    }

    private void two(String written, Kind kind) throws Malformed {
        if (!text.startsWith(written, at)) {
            throw new Malformed(at, "\"" + written + "\"");
        }
        add(kind, 2);
    }

    private void string() throws Malformed {
        int end = text.indexOf(text.charAt(at), at + 1);
        if (end < 0) {
            throw new Malformed(at, "an end to the string that begins");
        }
        tokens.add(new Token(Kind.STRING, text.substring(at + 1, end), at));
        at = end + 1;
    }

    private void word() throws Malformed {
        Matcher operator = at(OPERATOR);
        if (!tokens.isEmpty() && tokens.getLast().kind() == Kind.LABEL) {
            if (!operator.lookingAt()) {
                throw new Malformed(at, "an operator");
            }
            add(operator(operator.group(1)), operator.end() - at);
            return;
        }
        Matcher has = at(HAS);
        Matcher label = at(LABEL);
        if (has.lookingAt()) {
            tokens.add(new Token(Kind.HAS, has.group(1), at));
            at = has.end();
        } else if (at(ALL).lookingAt()) {
            add(Kind.ALL, text.indexOf(')', at) + 1 - at);
        } else if (at(GLOBAL).lookingAt()) {
            add(Kind.GLOBAL, text.indexOf(')', at) + 1 - at);
        } else if (label.lookingAt()) {
            tokens.add(new Token(Kind.LABEL, label.group(), at));
            at = label.end();
        } else {
            throw new Malformed(at, "a label, has(…), all() or a parenthesis");
        }
    }

    private Matcher at(Pattern pattern) {
        return pattern.matcher(text).region(at, text.length());
    }

    private static Kind operator(String word) {
        return switch (word.charAt(0)) {
            case 'c' -> Kind.CONTAINS;
            case 's' -> Kind.STARTS_WITH;
            case 'e' -> Kind.ENDS_WITH;
            case 'n' -> Kind.NOT_IN;
            default -> Kind.IN;
        };
    }
}
