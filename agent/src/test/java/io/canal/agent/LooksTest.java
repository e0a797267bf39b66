package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LooksTest {

    @Test
    void a_look_that_failed_is_repeated_and_one_that_did_not_is_not() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch seen = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (Looks watch = new Looks("looks", 1, () -> {
            if (looks.incrementAndGet() < 3) {
                return false;
            }
            seen.countDown();
            return true;
        }, ended::countDown)) {
            watch.start();
            assertTrue(seen.await(60, TimeUnit.SECONDS));
            Thread.sleep(1_500);
            assertEquals(3, looks.get());
        }
        assertTrue(ended.await(60, TimeUnit.SECONDS));
    }
}
