package io.canal.store;

import java.util.ArrayList;
import java.util.List;

/**
 * A watch that comes back. Each generation begins with a listing and goes on with changes; when it breaks, the next one begins.
 */
public interface Feed extends AutoCloseable {

    /** What a feed tells. Called from one thread, in order; must not block for long. */
    interface Listener {

        /** A generation has begun: this is all there is. */
        void listed(Store.Listing listing);

        /**
         * A generation begins, and what there is comes part by part, so that much of it need not be held twice. What does not want that
         * is told by {@link #listed} in the end.
         *
         * @param clusterId as in {@link Store.Listing}
         * @param revision as in {@link Store.Listing}
         */
        default Intake listing(long clusterId, long revision) {
            List<Store.Entry> all = new ArrayList<>();
            return new Intake() {
                @Override
                public void take(List<Store.Entry> part) {
                    all.addAll(part);
                }

                @Override
                public void complete() {
                    listed(new Store.Listing(clusterId, revision, all));
                }
            };
        }

        /** Changes since the listing or the last call, in order, all up to {@code revision}. */
        void changed(long revision, List<Change> changes);

        /** Whether all is to be told again when that is due, though nothing is missing: what was told could not be kept. Asked from any thread. */
        default boolean wantsListing() {
            return false;
        }

        /** The generation has ended, for this reason; the next one is being tried for. What was told before stays the last that is known. */
        void lost(String reason);
    }

    /** Takes a listing. Where it is never completed, because the connection broke, it says nothing. */
    interface Intake {

        /** The next entries, in key order. */
        void take(List<Store.Entry> part);

        /** That was all. */
        void complete();
    }

    /** A change of one key. */
    sealed interface Change {

        String key();

        record Put(Store.Entry entry) implements Change {
            @Override
            public String key() {
                return entry.key();
            }
        }

        record Deleted(String key) implements Change {}
    }

    @Override
    void close();
}
