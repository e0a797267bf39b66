package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    private Progress progress(boolean live) {
        return new Progress(new PrintStream(written, true, StandardCharsets.UTF_8), live);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void without_a_terminal_each_step_is_one_line_and_no_more() {
        Progress progress = progress(false);
        progress.step("hosts", () -> {
            progress.at("h1");
            return "h1 to h3";
        });
        assertEquals(1, text().lines().count());
        assertTrue(text().matches("hosts     h1 to h3 +\\d+\\.\\d s\\R"), text());
    }

    @Test
    void on_a_terminal_the_line_lives_and_is_replaced_by_the_outcome() {
        Progress progress = progress(true);
        progress.step("hosts", () -> "done");
        assertTrue(text().startsWith("\r\u001b[Khosts     …"), text());
        assertTrue(text().contains("\r\u001b[Khosts     done"), text());
    }

    @Test
    void a_step_that_fails_says_so_and_the_failure_goes_on() {
        assertThrows(IOException.class, () -> progress(false).<IOException>step("hosts", () -> {
            throw new IOException("no");
        }));
        assertTrue(text().startsWith("hosts     failed"), text());
    }
}
