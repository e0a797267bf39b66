package io.canal.cni;

import io.canal.model.LocalEndpoint;
import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Table;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The table of what may talk, through the loop that owns it. */
final class Rows {

    private final ApplyLoop loop;
    private final Table<String, LocalEndpoint> endpoints;

    Rows(ApplyLoop loop, Table<String, LocalEndpoint> endpoints) {
        this.loop = loop;
        this.endpoints = endpoints;
    }

    /** Puts a row; gives the write's revision. */
    long put(LocalEndpoint row) {
        return loop.write(() -> endpoints.put(row.interfaceName(), row));
    }

    /** The first pass that has seen the write, or nothing where none came in time. */
    Optional<Applied> await(long revision, Duration patience) {
        try {
            return Optional.of(loop.applied(revision).toCompletableFuture().get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            return Optional.empty();
        } catch (ExecutionException closed) {
            return Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** The outcome of the last pass. */
    Applied last() {
        return loop.applied();
    }

    /** Removes a row, if it is still this one's. */
    void remove(LocalEndpoint row) {
        loop.write(() -> {
            if (row.equals(endpoints.get(row.interfaceName()))) {
                endpoints.remove(row.interfaceName());
            }
        });
    }
}
