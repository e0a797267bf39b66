package io.canal.policy.selector;

/**
 * A word of a selector.
 *
 * @param text what a label or a string says; else empty
 * @param at where it begins in the selector
 */
record Token(Kind kind, String text, int at) {

    enum Kind {
        LABEL("a label"),
        STRING("a string in quotes"),
        HAS("has(…)"),
        ALL("all()"),
        GLOBAL("global()"),
        EQUAL("=="),
        NOT_EQUAL("!="),
        IN("in"),
        NOT_IN("not in"),
        CONTAINS("contains"),
        STARTS_WITH("starts with"),
        ENDS_WITH("ends with"),
        NOT("!"),
        AND("&&"),
        OR("||"),
        OPEN("("),
        CLOSE(")"),
        OPEN_SET("{"),
        CLOSE_SET("}"),
        COMMA(","),
        END("the end");

        private final String shown;

        Kind(String shown) {
            this.shown = shown;
        }

        String shown() {
            return shown;
        }
    }
}
