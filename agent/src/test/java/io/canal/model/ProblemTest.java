package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProblemTest {

    @Test
    void the_sentence_names_place_field_value_and_expectation() {
        assertEquals("/coreos.com/network/config: SubnetLen is \"31\", expected a number of at most 30",
                new Problem("/coreos.com/network/config", "SubnetLen", "31", "a number of at most 30").sentence());
    }

    @Test
    void control_characters_of_a_value_cannot_leave_their_place() {
        String sentence = new Problem("key", "", "a\nroot: b\u001b[31m\"", "text").sentence();
        assertEquals("key is \"a\\nroot: b\\u001b[31m\\\"\", expected text", sentence);
    }

    @Test
    void a_long_value_is_cut() {
        String sentence = new Problem("key", "", "x".repeat(100_000), "text").sentence();
        assertTrue(sentence.length() < 300);
        assertFalse(sentence.contains("\n"));
    }
}
