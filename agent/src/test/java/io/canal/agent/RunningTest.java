package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunningTest {

    private final List<String> closed = new ArrayList<>();
    private final Running running = new Running();

    @Test
    void parts_are_closed_in_reverse() {
        running.add(() -> closed.add("first"));
        running.add(() -> closed.add("second"));
        running.close();
        assertEquals(List.of("second", "first"), closed);
    }

    @Test
    void a_part_that_comes_after_the_closing_is_closed_at_once() {
        running.close();
        assertTrue(running.ending());
        running.add(() -> closed.add("late"));
        assertEquals(List.of("late"), closed);
    }
}
