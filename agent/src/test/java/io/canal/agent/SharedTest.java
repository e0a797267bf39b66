package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

final class SharedTest {

    private final Shared shared = new Shared();

    @Test
    void equal_words_that_come_one_after_another_are_one() {
        String first = shared.word(new String("app == 'web'"));
        assertSame(first, shared.word(new String("app == 'web'")));
    }

    /** Texts with equal hashes lie at one place. */
    @Test
    void a_word_is_never_taken_for_another() {
        assertEquals("Aa".hashCode(), "BB".hashCode());
        String first = shared.word(new String("Aa"));
        assertEquals("BB", shared.word(new String("BB")));
        String again = shared.word(new String("Aa"));
        assertEquals("Aa", again);
        assertNotSame(first, again, "the one in its place was forgotten");
    }
}
