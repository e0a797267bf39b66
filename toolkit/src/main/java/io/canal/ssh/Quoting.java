package io.canal.ssh;

import java.util.List;
import java.util.regex.Pattern;

/** An SSH server hands a command to the user's shell as one string: this makes every argument arrive as it is. */
final class Quoting {

    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private Quoting() {}

    static String command(List<String> argv) {
        StringBuilder text = new StringBuilder();
        for (String argument : argv) {
            if (!text.isEmpty()) {
                text.append(' ');
            }
            text.append(quoted(argument));
        }
        return text.toString();
    }

    private static String quoted(String argument) {
        if (argument.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("an argument contains a NUL character: " + argument.replace('\0', '?'));
        }
        return PLAIN.matcher(argument).matches() ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }
}
