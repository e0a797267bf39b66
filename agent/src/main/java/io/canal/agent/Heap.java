package io.canal.agent;

/**
 * Gives memory back that only a start, or a time of many changes, needed: the collector by itself keeps a heap as large as it ever
 * was, and grows it rather than collect it whole.
 */
final class Heap {

    private static final long SPARE = 24 << 20;

    private final Runtime runtime = Runtime.getRuntime();
    private volatile long worthIt;

    /** Collects the heap whole, which takes about 2 ms per MB that is in use, and all threads wait. */
    void settle() {
        System.gc();
        long used = runtime.totalMemory() - runtime.freeMemory();
        worthIt = used + used / 2 + SPARE;
    }

    /** Does so where the heap has grown to much more than it held the last time. */
    void check() {
        if (worthIt > 0 && runtime.totalMemory() > worthIt) {
            settle();
        }
    }
}
