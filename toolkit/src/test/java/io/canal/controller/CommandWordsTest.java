package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** How words become a line for bash: the same as with {@code juju exec}. */
final class CommandWordsTest {

    @Test
    void one_word_is_a_line() {
        assertEquals("sudo echo \"$HOME\" | wc", CommandWords.line(List.of("sudo echo \"$HOME\" | wc")));
    }

    @Test
    void a_word_with_blanks_among_others_stays_one_word() {
        assertEquals("sh -c \"echo a b\"", CommandWords.line(List.of("sh", "-c", "echo a b")));
    }

    @Test
    void quotes_dollars_and_backslashes_among_others_are_taken_as_they_are() {
        assertEquals("sh -c \"echo \\\"\\$1\\\" \\\\\" a", CommandWords.line(List.of("sh", "-c", "echo \"$1\" \\", "a")));
    }

    @Test
    void what_needs_no_quotes_gets_none() {
        assertEquals("ls | wc -l", CommandWords.line(List.of("ls", "|", "wc", "-l")));
    }
}
