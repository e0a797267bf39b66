package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.store.Store.Extent;
import org.junit.jupiter.api.Test;

class TallyTest {

    private final Tally tally = new Tally(3, 10);

    @Test
    void a_watch_that_told_all_fits() {
        tally.put(11, 11);
        tally.put(4, 12);
        tally.deleted(13);
        tally.expect(new Extent(7, 20, 12, 3));
        assertFalse(tally.awaits());
        assertTrue(tally.isRight());
    }

    @Test
    void what_is_on_its_way_is_waited_for_and_what_comes_after_it_does_not_count() {
        tally.expect(new Extent(7, 20, 15, 4));
        assertTrue(tally.awaits());
        tally.put(15, 15);
        assertTrue(tally.awaits());
        tally.put(21, 21);
        assertFalse(tally.awaits());
        assertTrue(tally.isRight());
    }

    @Test
    void a_creation_that_was_not_told_is_noticed_when_the_watch_goes_on() {
        tally.expect(new Extent(7, 20, 15, 4));
        tally.put(21, 21);
        assertFalse(tally.isRight());
    }

    @Test
    void a_deletion_that_was_not_told_is_noticed_when_its_time_is_up() {
        tally.expect(new Extent(7, 20, 10, 2));
        assertTrue(tally.awaits());
        tally.settle();
        assertFalse(tally.isRight());
    }

    @Test
    void a_change_that_was_not_told_is_noticed() {
        tally.expect(new Extent(7, 20, 15, 3));
        tally.settle();
        assertFalse(tally.isRight());
    }

    @Test
    void a_deletion_beside_a_creation_that_were_not_told_are_noticed() {
        tally.put(11, 11);
        tally.deleted(12);
        tally.expect(new Extent(7, 20, 15, 3));
        tally.put(2, 22);
        assertFalse(tally.isRight());
    }
}
