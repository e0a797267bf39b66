package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class PauseTest {

    @Test
    void a_pause_lasts_its_time_though_somebody_woke_the_thread_before() {
        LockSupport.unpark(Thread.currentThread());
        long start = System.nanoTime();
        Pause.ofMillis(50);
        assertTrue(System.nanoTime() - start >= 50_000_000);
    }

    @Test
    void who_is_interrupted_does_not_pause() {
        Thread.currentThread().interrupt();
        long start = System.nanoTime();
        Pause.ofMillis(60_000);
        assertTrue(Thread.interrupted());
        assertTrue(System.nanoTime() - start < 30_000_000_000L);
    }
}
