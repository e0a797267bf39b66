package io.canal.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has been started, to be closed in reverse. */
final class Running implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Running.class);

    private final List<AutoCloseable> parts = new ArrayList<>();
    private volatile boolean begun;
    private volatile boolean ending;

    /** A part that has been started; one that comes after a closing is closed at once. */
    synchronized void add(AutoCloseable part) {
        if (ending) {
            closing(part);
            return;
        }
        parts.add(part);
        begun = true;
    }

    /** Whether a closing has begun that nothing comes after. */
    boolean ending() {
        return ending;
    }

    /** Whether anything was started. */
    boolean begun() {
        return begun;
    }

    /** Closes the parts of this class. */
    void close(Class<?> only) {
        closeIf(only::isInstance);
    }

    /** Closes all parts but those of this class. */
    void closeAllBut(Class<?> spared) {
        ending = true;
        closeIf(part -> !spared.isInstance(part));
    }

    @Override
    public void close() {
        ending = true;
        closeIf(_ -> true);
    }

    private synchronized void closeIf(Predicate<AutoCloseable> chosen) {
        for (AutoCloseable part : List.copyOf(parts.reversed())) {
            if (chosen.test(part)) {
                parts.remove(part);
                closing(part);
            }
        }
    }

    /** Closes these in order; a failure of one does not spare the others. */
    static void closing(AutoCloseable... parts) {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception failure) {
                log.warn("{} could not be closed: {}", part.getClass().getSimpleName(), failure.toString());
            }
        }
    }
}
