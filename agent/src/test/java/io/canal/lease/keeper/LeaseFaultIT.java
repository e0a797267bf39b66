package io.canal.lease.keeper;

import io.canal.store.EtcdStore;
import io.canal.store.Store;
import io.canal.store.testing.TcpRelay;
import io.canal.store.testing.TestEtcd;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;

/** The same on a real etcd with TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class LeaseFaultIT extends LeaseFaultContract {

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

    @Override
    void compact() {
        etcd.compact();
    }

    @Override
    void backUp() {
        etcd.backUp();
    }

    @Override
    void restore() {
        etcd.restore();
    }

    @Override
    Path path() {
        TcpRelay relay = etcd.relay();
        EtcdStore own = etcd.store(relay);
        return new Path() {
            @Override
            public Store store() {
                return own;
            }

            @Override
            public void cut() {
                relay.cut();
            }

            @Override
            public void mend() {
                relay.mend();
            }

            @Override
            public void close() {
                own.close();
                relay.close();
            }
        };
    }
}
