package io.canal.store;

import java.util.List;

/**
 * A watch that comes back. Each generation begins with a listing and goes on with changes; when it breaks, the next one begins.
 */
public interface Feed extends AutoCloseable {

    /** What a feed tells. Called from one thread, in order; must not block for long. */
    interface Listener {

        /** A generation has begun: this is all there is. */
        void listed(Store.Listing listing);

        /** Changes since the listing or the last call, in order, all up to {@code revision}. */
        void changed(long revision, List<Change> changes);

        /** The generation has ended, for this reason; the next one is being tried for. What was told before stays the last that is known. */
        void lost(String reason);
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
