package io.canal.store;

import io.canal.store.Store.Extent;
import java.util.Optional;

/**
 * Whether a watch has told all: counts what it tells, and compares with what etcd has.
 *
 * <p>etcd's count is of one revision, and writes go on: it is compared when the watch has told all up to there, which the first write
 * after it shows.
 */
final class Tally {

    private long keys;
    private long newest;
    private Optional<Extent> awaited = Optional.empty();
    private boolean right = true;

    /** From a listing. */
    Tally(long keys, long revision) {
        this.keys = keys;
        this.newest = revision;
    }

    /** The watch told of a write. */
    void put(long createRevision, long modRevision) {
        told(modRevision);
        keys += createRevision == modRevision ? 1 : 0;
    }

    /** The watch told of a deletion. */
    void deleted(long revision) {
        told(revision);
        keys--;
    }

    private void told(long revision) {
        if (awaited.filter(there -> revision > there.revision()).isPresent()) {
            settle();
        }
        newest = Math.max(newest, revision);
    }

    /** What etcd has; the watch may be a little behind it. */
    void expect(Extent there) {
        awaited = fits(there) ? Optional.empty() : Optional.of(there);
    }

    /** Whether the watch has still to tell what was expected. */
    boolean awaits() {
        return awaited.isPresent();
    }

    /** It has told all up to what was expected, or had the time to. */
    void settle() {
        right &= awaited.filter(there -> !fits(there)).isEmpty();
        awaited = Optional.empty();
    }

    /** Whether nothing is known to be missing. */
    boolean isRight() {
        return right;
    }

    private boolean fits(Extent there) {
        return there.keys() == keys && there.newest() <= newest;
    }
}
