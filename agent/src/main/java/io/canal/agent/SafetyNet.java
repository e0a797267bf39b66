package io.canal.agent;

import io.canal.reconcile.ApplyLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Has everything that is ours looked at anew now and then, in case that an event of the kernel was lost; and oftener what the kernel
 * gives no events of.
 */
final class SafetyNet implements AutoCloseable {

    private static final Duration EVERY = Duration.ofSeconds(9);
    private static final int AT_LEAST = 4;
    private static final int AT_MOST = 7;

    private final Thread thread;

    private SafetyNet(Thread thread) {
        this.thread = thread;
    }

    /**
     * Begins.
     *
     * @param silent the stages whose objects the kernel tells nothing of
     * @param check a cheap look at what else nothing tells of
     */
    static SafetyNet over(ApplyLoop loop, List<String> silent, Runnable check) {
        return new SafetyNet(Thread.ofVirtual().name("safety net").start(() -> {
            try {
                while (true) {
                    // Not all nodes at one moment, and not all in step with other timers.
                    int rounds = ThreadLocalRandom.current().nextInt(AT_LEAST, AT_MOST + 1);
                    for (int i = 0; i < rounds; i++) {
                        Thread.sleep(EVERY);
                        silent.forEach(loop::distrust);
                        check.run();
                    }
                    loop.distrustAll();
                }
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
