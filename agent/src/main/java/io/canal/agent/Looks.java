package io.canal.agent;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at something of the kernel's whenever it may have changed, on a thread of its own; a look that fails is repeated soon. */
final class Looks implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Looks.class);
    private static final long AGAIN_MILLIS = 1_000;

    private final long calmMillis;
    private final Look look;
    private final Runnable atEnd;
    private final Semaphore wanted = new Semaphore(0);
    private final Thread thread;
    // Of the thread that looks: at first the one that starts.
    private boolean failed;

    /** A look; false where it could not be had. */
    interface Look {
        boolean succeeds();
    }

    /**
     * Not begun yet.
     *
     * @param calmMillis changes come in bursts, whose end is waited for
     * @param atEnd done on the thread when it ends
     */
    Looks(String name, long calmMillis, Look look, Runnable atEnd) {
        this.calmMillis = calmMillis;
        this.look = look;
        this.atEnd = atEnd;
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    /** Looks now, on the calling thread, and whenever it is wanted from then on. */
    void start() {
        failed = !look.succeeds();
        thread.start();
    }

    void want() {
        wanted.release();
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void loop() {
        try {
            while (true) {
                if (!failed) {
                    wanted.acquire();
                    Thread.sleep(calmMillis);
                } else if (wanted.tryAcquire(AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                    Thread.sleep(calmMillis);
                }
                wanted.drainPermits();
                failed = !look.succeeds();
            }
        } catch (InterruptedException closed) {
            log.debug("{} has ended", Thread.currentThread().getName());
        } finally {
            atEnd.run();
        }
    }
}
