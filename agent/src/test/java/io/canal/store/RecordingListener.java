package io.canal.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** Holds what a feed told, as the map of keys and values that it amounts to. */
final class RecordingListener implements Feed.Listener {

    private final Map<String, String> rows = new TreeMap<>();
    private final List<String> told = new ArrayList<>();
    volatile boolean wantsListing;
    private long clusterId;
    private int listings;
    private int losses;

    @Override
    public synchronized void listed(Store.Listing listing) {
        clusterId = listing.clusterId();
        listings++;
        rows.clear();
        listing.entries().forEach(entry -> rows.put(entry.key(), entry.value()));
        told.add("listed " + rows);
        notifyAll();
    }

    @Override
    public synchronized void changed(long revision, List<Feed.Change> changes) {
        for (Feed.Change change : changes) {
            switch (change) {
                case Feed.Change.Put(Store.Entry entry) -> {
                    rows.put(entry.key(), entry.value());
                    told.add("put " + entry.key() + "=" + entry.value());
                }
                case Feed.Change.Deleted(String key) -> {
                    rows.remove(key);
                    told.add("deleted " + key);
                }
            }
        }
        notifyAll();
    }

    @Override
    public boolean wantsListing() {
        return wantsListing;
    }

    @Override
    public synchronized void lost(String reason) {
        losses++;
        told.add("lost");
        notifyAll();
    }

    synchronized int listings() {
        return listings;
    }

    synchronized int losses() {
        return losses;
    }

    synchronized long clusterId() {
        return clusterId;
    }

    synchronized List<String> told() {
        return List.copyOf(told);
    }

    void awaitRows(Predicate<Map<String, String>> condition) {
        await(() -> condition.test(rows));
    }

    synchronized void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("waited in vain; told: " + told);
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
