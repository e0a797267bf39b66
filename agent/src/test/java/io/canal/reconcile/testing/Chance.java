package io.canal.reconcile.testing;

/**
 * Where that begins which tests draw by chance: at one place each time, lest a run fails for what it does not change.
 * {@code -Dcanal.seed=N} begins at N, {@code -Dcanal.random.fresh=true} at another place each time.
 */
public final class Chance {

    private Chance() {}

    public static long seed() {
        return Long.getLong("canal.seed", fresh(1));
    }

    /** A number that no run had before, where such are wanted; else the usual one. */
    public static long fresh(long usual) {
        return Boolean.getBoolean("canal.random.fresh") ? System.nanoTime() >>> 8 : usual;
    }
}
