package io.canal.reconcile;

/**
 * A thing that somebody else changed, and that is again as it should be. What was not wanted so before, or is met for the first time,
 * is none.
 *
 * @param what the thing, as in "put back …" or "removed …"
 * @param detail what was found in place of what, of a thing that was changed; else empty
 */
public record Repair(Kind kind, String what, Was was, String detail) {

    /**
     * Things that are spoken of together.
     *
     * @param label of several kinds for one number
     * @param many how several of them are called
     */
    public record Kind(String label, String many) {}

    /** What somebody else had done. */
    public enum Was {
        REMOVED, CHANGED, ADDED
    }

    /** A thing that was removed, and is there again. */
    public static Repair removed(Kind kind, String what) {
        return new Repair(kind, what, Was.REMOVED, "");
    }

    /** A thing that was changed, and is as it was before. */
    public static Repair changed(Kind kind, String what, Object found, Object now) {
        return new Repair(kind, what, Was.CHANGED, found + " in place of " + now);
    }

    /** A thing that was added, and is gone again. */
    public static Repair added(Kind kind, String what) {
        return new Repair(kind, what, Was.ADDED, "");
    }
}
