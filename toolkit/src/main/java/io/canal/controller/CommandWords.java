package io.canal.controller;

import java.util.List;
import java.util.stream.Collectors;

/** The line for bash that a command's words make, as {@code juju exec} makes it (juju/utils, CommandString). */
final class CommandWords {

    private CommandWords() {}

    /**
     * One word is a line already. Of several, those with blanks, quotes, dollars or backslashes are quoted; other words stay as they
     * are, so that {@code '|'} and {@code '>'} still act.
     */
    static String line(List<String> words) {
        return words.size() == 1 ? words.getFirst() : words.stream().map(CommandWords::quoted).collect(Collectors.joining(" "));
    }

    private static String quoted(String word) {
        StringBuilder inner = new StringBuilder();
        boolean quotes = false;
        for (int i = 0; i < word.length(); i++) {
            char letter = word.charAt(i);
            boolean escaped = letter == '"' || letter == '$' || letter == '\\';
            quotes |= escaped || Character.isWhitespace(letter) || Character.isSpaceChar(letter);
            inner.append(escaped ? "\\" : "").append(letter);
        }
        return quotes ? "\"" + inner + "\"" : inner.toString();
    }
}
