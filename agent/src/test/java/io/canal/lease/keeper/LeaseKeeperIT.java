package io.canal.lease.keeper;

import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;

/** Keepers on a real etcd with TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class LeaseKeeperIT extends LeaseKeeperContract {

    private final TestEtcd etcd = TestEtcd.tls();

    @AfterAll
    void stop() {
        etcd.close();
    }

    @Override
    Store open() {
        return etcd.store();
    }

    @Override
    void cut() {
        etcd.killAll();
    }

    @Override
    void mend() {
        etcd.startAll();
    }

    @Override
    void replace() {
        etcd.replace();
    }
}
