package io.canal.store;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A transaction: if all comparisons hold, all writes are done; else none, and the compared keys are read.
 *
 * <p>Built step by step: {@code Txn.when().absent(key).put(key, value, lease)}. Immutable.
 */
public record Txn(List<Compare> compares, List<Write> writes, List<String> reads) {

    public Txn {
        compares = List.copyOf(compares);
        writes = List.copyOf(writes);
        reads = List.copyOf(reads);
    }

    /** What must hold for the writes to be done. */
    public sealed interface Compare {

        String key();

        /** The key's last write has this revision. */
        record ModRevision(String key, long revision) implements Compare {}

        /** There is no such key. */
        record Absent(String key) implements Compare {}
    }

    /** One write. */
    public sealed interface Write {

        String key();

        /** @param lease the lease to hang the key on; 0 for none */
        record Put(String key, String value, long lease) implements Write {}

        record Delete(String key) implements Write {}
    }

    /**
     * What came of it.
     *
     * @param done whether the comparisons held and the writes were done
     * @param revision the store's revision after it
     * @param read the entries of the keys to read, in either case and after the writes; a key that is absent is left out. Where
     *     the comparisons did not hold, the compared keys are read too.
     */
    public record Result(boolean done, long clusterId, long revision, List<Store.Entry> read) {

        public Result {
            read = List.copyOf(read);
        }
    }

    /** A transaction without conditions, to begin from. */
    public static Txn when() {
        return new Txn(List.of(), List.of(), List.of());
    }

    public Txn absent(String key) {
        return new Txn(with(compares, new Compare.Absent(key)), writes, reads);
    }

    public Txn unchanged(String key, long modRevision) {
        return new Txn(with(compares, new Compare.ModRevision(key, modRevision)), writes, reads);
    }

    /** As {@link #absent} for revision 0, else as {@link #unchanged}. */
    public Txn at(String key, long modRevision) {
        return modRevision == 0 ? absent(key) : unchanged(key, modRevision);
    }

    public Txn put(String key, String value, long lease) {
        return new Txn(compares, with(writes, new Write.Put(key, value, lease)), reads);
    }

    public Txn delete(String key) {
        return new Txn(compares, with(writes, new Write.Delete(key)), reads);
    }

    public Txn read(String key) {
        return new Txn(compares, writes, with(reads, key));
    }

    /** Both in one. */
    public Txn and(Txn other) {
        return new Txn(with(compares, other.compares), with(writes, other.writes), with(reads, other.reads));
    }

    /** The same with {@code lease} wherever {@code placeholder} stands for one. */
    public Txn withLease(long placeholder, long lease) {
        List<Write> filled = writes.stream()
                .map(write -> write instanceof Write.Put(String key, String value, long hangsOn) && hangsOn == placeholder
                        ? new Write.Put(key, value, lease)
                        : write)
                .toList();
        return new Txn(compares, filled, reads);
    }

    /** The keys that it compares and writes, for sentences. */
    Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        compares.forEach(compare -> keys.add(compare.key()));
        writes.forEach(write -> keys.add(write.key()));
        return keys;
    }

    private static <T> List<T> with(List<T> list, T more) {
        return with(list, List.of(more));
    }

    private static <T> List<T> with(List<T> list, List<T> more) {
        List<T> longer = new ArrayList<>(list);
        longer.addAll(more);
        return longer;
    }
}
