package io.canal.ctl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A recorded call of calicoctl.
 *
 * @param title what it was about, where the recording says so
 * @param input the document on standard input
 * @param note what stands behind the command in the recording
 */
record Recording(String title, String input, String command, String note, int code, String stdout, String stderr) {

    static List<Recording> read(String name) throws IOException {
        try (InputStream raw = Recording.class.getResourceAsStream("/calicoctl/" + name)) {
            if (raw == null) {
                throw new IOException("there is no recording " + name);
            }
            InputStream in = name.endsWith(".gz") ? new GZIPInputStream(raw) : raw;
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    static String text(String name) throws IOException {
        try (InputStream in = Recording.class.getResourceAsStream("/calicoctl/" + name)) {
            if (in == null) {
                throw new IOException("there is no recording " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static List<Recording> parse(String text) {
        List<Recording> all = new ArrayList<>();
        String title = "";
        StringBuilder input = new StringBuilder();
        String[] lines = text.replaceFirst("\n\n$", "\n").split("\n", -1);
        int i = 0;
        while (i < lines.length) {
            if (lines[i].startsWith("##### ")) {
                title = lines[i].substring(6);
                input.setLength(0);
                i++;
            } else if (lines[i].startsWith("$ calicoctl")) {
                int end = i + 1;
                while (end < lines.length && !lines[end].startsWith("$ calicoctl") && !lines[end].startsWith("##### ")) {
                    end++;
                }
                all.add(call(title, input.toString().strip() + "\n", List.of(lines).subList(i, end)));
                i = end;
            } else {
                input.append(lines[i]).append('\n');
                i++;
            }
        }
        return all;
    }

    private static Recording call(String title, String input, List<String> lines) {
        String line = lines.getFirst().substring("$ calicoctl".length()).strip();
        int gap = line.indexOf("   ");
        String command = gap < 0 ? line : line.substring(0, gap);
        String note = gap < 0 ? "" : line.substring(gap).strip();
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        StringBuilder at = out;
        int code = -1;
        // The recording puts an empty line behind each call.
        for (String text : lines.subList(1, lines.size() - 1)) {
            if (code < 0 && text.startsWith("exit ")) {
                code = Integer.parseInt(text.substring(5));
            } else if (text.equals("stdout:") || text.equals("stderr:")) {
                at = text.equals("stdout:") ? out : err;
            } else if (text.endsWith("\u23ce(no newline at end)")) {
                at.append(text.replace("\u23ce(no newline at end)", ""));
            } else {
                at.append(text).append('\n');
            }
        }
        return new Recording(title, input, command, note, code, out.toString(), err.toString());
    }

    /** The words of the command; what was one word with blanks is known by what it belongs to. */
    List<String> words() {
        for (String option : new String[] {"--patch ", "-p ", "go-template="}) {
            int at = command.indexOf(option);
            if (at >= 0) {
                int from = option.endsWith("=") ? at : at + option.length();
                List<String> words = new ArrayList<>(List.of(command.substring(0, from).strip().split(" ")));
                words.add(command.substring(from));
                return words;
            }
        }
        return List.of(command.split(" +"));
    }

    @Override
    public String toString() {
        return (title.isEmpty() ? "" : title + ": ") + command + (note.isEmpty() || note.length() > 60 ? "" : " " + note);
    }
}
