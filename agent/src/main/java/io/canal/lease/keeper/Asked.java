package io.canal.lease.keeper;

import io.canal.store.StoreException;
import io.canal.store.StoreException.Kind;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A question to the store that is under way on a thread of its own. */
final class Asked<T> {

    private final FutureTask<T> task;

    private Asked(FutureTask<T> task) {
        this.task = task;
    }

    static <T> Asked<T> of(Callable<T> question) {
        FutureTask<T> task = new FutureTask<>(question);
        Thread.ofVirtual().name("etcd question").start(task);
        return new Asked<>(task);
    }

    /** Waits for the answer, which the store's deadlines bound. */
    T answer() throws StoreException {
        try {
            return task.get();
        } catch (ExecutionException failed) {
            switch (failed.getCause()) {
                case StoreException failure -> throw failure;
                case RuntimeException defect -> throw defect;
                case Error defect -> throw defect;
                case null, default -> throw new IllegalStateException(failed);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted", interrupted);
        }
    }
}
