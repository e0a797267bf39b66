package io.canal.controller.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Recorded calls of hook tools: {@code $} what was called, {@code |} standard output, {@code !} standard error, {@code rc}. */
public final class RecordedCalls {

    /** One call and how it was answered. */
    public record Call(String line, List<String> argv, String stdout, String stderr, int code) {}

    private static final String NO_NEWLINE = " <no newline>";

    private RecordedCalls() {}

    /** A recorded file of {@code src/test/resources/juju}. */
    public static String resource(String name) throws IOException {
        try (InputStream in = RecordedCalls.class.getResourceAsStream("/juju/" + name)) {
            if (in == null) {
                throw new IOException("there is no recording " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    public static List<Call> read(String name) throws IOException {
        List<Call> calls = new ArrayList<>();
        String line = "";
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        for (String text : resource(name).lines().toList()) {
            if (text.startsWith("$ ")) {
                line = text.substring(2).stripTrailing();
                out.setLength(0);
                err.setLength(0);
            } else if (text.startsWith("|")) {
                out.append(text.length() > 1 ? text.substring(2) : "").append('\n');
            } else if (text.startsWith("!")) {
                err.append(text.substring(2)).append('\n');
            } else if (text.startsWith("rc ")) {
                String stdout = out.toString();
                if (stdout.endsWith(NO_NEWLINE + "\n")) {
                    stdout = stdout.substring(0, stdout.length() - NO_NEWLINE.length() - 1);
                }
                calls.add(new Call(line, words(line), stdout, err.toString(), Integer.parseInt(text.substring(3))));
            }
        }
        return calls;
    }

    /** The words of a line that bash's printf %q wrote. */
    static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == ' ') {
                words.add(word.toString());
                word.setLength(0);
            } else if (c == '\\') {
                word.append(line.charAt(++i));
            } else if (line.startsWith("$'", i)) {
                int end = line.indexOf('\'', i + 2);
                word.append(line, i + 2, end);
                i = end;
            } else {
                word.append(c);
            }
        }
        words.add(word.toString().replace("\\n", "\n"));
        return words;
    }
}
