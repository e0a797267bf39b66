package io.canal.model;

/**
 * One thing that is wrong, in words for the person who has to mend it.
 *
 * @param where the key, file, option, device or table that is wrong, such as {@code /coreos.com/network/config}
 * @param field the part of it, such as {@code Backend.Port}; empty where the whole is meant
 * @param found what is there
 * @param expected what should be there
 */
public record Problem(String where, String field, String found, String expected) {

    /** Longer findings are cut: a sentence is for reading. */
    private static final int LONGEST = 200;

    public Problem {
        found = found.length() > LONGEST ? found.substring(0, LONGEST) + "…" : found;
    }

    /** The problem in one sentence that names the place, the value and what was expected. */
    public String sentence() {
        String place = field.isEmpty() ? where : where + ": " + field;
        return place + " is " + quoted(found) + ", expected " + expected;
    }

    @Override
    public String toString() {
        return sentence();
    }

    private static String quoted(String value) {
        StringBuilder text = new StringBuilder(value.length() + 2).append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        return text.append('"').toString();
    }
}
