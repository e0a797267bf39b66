package io.canal.store.testing;

import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.Map;
import java.util.TreeMap;

/** Keys that belong to one test: after each call they are as it wants them, and no others are touched. */
public final class OwnKeys {

    /** etcd takes 128 operations in a transaction. */
    private static final int MOST = 100;

    private final Store store;
    private final Map<String, String> held = new TreeMap<>();
    private long revision;

    public OwnKeys(Store store) {
        this.store = store;
    }

    /**
     * Puts what is another than before, and deletes what is no longer wanted.
     *
     * @return the revision of etcd after it
     */
    public long hold(Map<String, String> wanted) throws StoreException {
        Txn txn = Txn.when();
        for (String key : new TreeMap<>(held).keySet()) {
            if (!wanted.containsKey(key)) {
                held.remove(key);
                txn = full(txn.delete(key));
            }
        }
        for (Map.Entry<String, String> each : wanted.entrySet()) {
            if (!each.getValue().equals(held.put(each.getKey(), each.getValue()))) {
                txn = full(txn.put(each.getKey(), each.getValue(), 0));
            }
        }
        commit(txn);
        return revision;
    }

    private Txn full(Txn txn) throws StoreException {
        if (txn.writes().size() < MOST) {
            return txn;
        }
        commit(txn);
        return Txn.when();
    }

    private void commit(Txn txn) throws StoreException {
        if (!txn.writes().isEmpty()) {
            revision = store.commit(txn).revision();
        }
    }
}
