package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class WaitingTest {

    @Test
    void what_many_units_wait_for_is_told_once() {
        assertEquals("update-status of 4 units", Waiting.brief("etcd/0 still has hooks to run: update-status; etcd/1 still has hooks to run: update-status;"
                + " node/0 still has hooks to run: update-status; canal/12 still has hooks to run: update-status"));
        assertEquals("canal/0, canal/1 are waiting: Waiting for etcd; machine h3: down",
                Waiting.brief("canal/0 is waiting: Waiting for etcd; machine h3: down; canal/1 is waiting: Waiting for etcd"));
    }
}
