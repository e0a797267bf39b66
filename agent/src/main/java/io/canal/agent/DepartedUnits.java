package io.canal.agent;

import io.canal.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Units that have left, and whose subnets are still to be released.
 *
 * <p>Juju tells of a departure once, and often too early: the session of the departed node lives on for up to a minute, or etcd is
 * away. So the names wait on disk until etcd says that they hold nothing any more.
 */
final class DepartedUnits implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(DepartedUnits.class);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final int LONGEST_PAUSE_FACTOR = 12;
    /** How often the file is looked at, into which a hook may have written that this agent did not answer. */
    private static final Duration LOOK = Duration.ofMinutes(1);

    private final DepartedFile file;
    private final Release release;
    private final Duration firstPause;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition change = lock.newCondition();
    private final TreeSet<String> waiting = new TreeSet<>();
    private boolean news;

    /** Releases what a unit holds: gives why not, as a sentence, or nothing where it holds nothing any more. */
    interface Release {
        Optional<String> of(String unit) throws StoreException;
    }

    /**
     * Takes up those that waited when the agent ended.
     *
     * @param stateDir where the names wait
     */
    DepartedUnits(Path stateDir, Release release) {
        this(stateDir, release, FIRST_PAUSE);
    }

    DepartedUnits(Path stateDir, Release release, Duration firstPause) {
        this.file = new DepartedFile(stateDir);
        this.release = release;
        this.firstPause = firstPause;
        takeUp();
        this.thread = Thread.ofVirtual().name("departed units").unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    /** A unit has left: what it holds is released as soon as that can be. */
    void gone(String unit) throws IOException {
        lock.lock();
        try {
            takeUp();
            waiting.add(unit);
            file.write(waiting);
            news = true;
            change.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void loop() {
        Duration pause = firstPause;
        try {
            while (true) {
                awaitUnits();
                for (String unit : units()) {
                    attempt(unit);
                }
                pause = awaitNews(pause) || units().isEmpty() ? firstPause : doubled(pause);
            }
        } catch (InterruptedException closed) {
            log.debug("no more subnets of departed units are released");
        }
    }

    private void attempt(String unit) {
        Optional<String> refusal;
        try {
            refusal = release.of(unit);
        } catch (StoreException away) {
            refusal = Optional.of(String.valueOf(away.getMessage()));
        }
        if (refusal.isPresent()) {
            log.info("the subnet of {}, which has left, waits for its release: {}", unit, refusal.get());
            return;
        }
        log.info("{} has left, and holds no subnet any more", unit);
        lock.lock();
        try {
            takeUp();
            waiting.remove(unit);
            file.write(waiting);
        } catch (IOException failure) {
            log.warn("{} could not be written: {}", file, failure.getMessage());
        } finally {
            lock.unlock();
        }
    }

    private void awaitUnits() throws InterruptedException {
        lock.lock();
        try {
            takeUp();
            while (waiting.isEmpty()) {
                if (change.awaitNanos(LOOK.toNanos()) <= 0) {
                    takeUp();
                }
            }
            news = false;
        } finally {
            lock.unlock();
        }
    }

    /** Pauses, and says whether another unit has left meanwhile. */
    private boolean awaitNews(Duration pause) throws InterruptedException {
        lock.lock();
        try {
            long left = pause.toNanos();
            while (!news && !waiting.isEmpty() && left > 0) {
                left = change.awaitNanos(left);
            }
            return news;
        } finally {
            lock.unlock();
        }
    }

    private List<String> units() {
        lock.lock();
        try {
            return List.copyOf(waiting);
        } finally {
            lock.unlock();
        }
    }

    /** What is in the file and not known here was written by a hook. */
    private void takeUp() {
        try {
            waiting.addAll(file.read());
        } catch (IOException failure) {
            log.warn("{} could not be read: {}", file, failure.getMessage());
        }
    }

    private Duration doubled(Duration pause) {
        Duration longest = firstPause.multipliedBy(LONGEST_PAUSE_FACTOR);
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(longest) > 0 ? longest : twice;
    }
}
