package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.pod.EtcdClient;
import java.util.List;

/**
 * Where a fault is made.
 *
 * @param host the one that it is made on
 * @param all hosts of the lab
 */
public record Scene(Host host, List<Host> all) {

    public Scene {
        all = List.copyOf(all);
    }

    /** Asked by a host that reaches etcd. */
    EtcdClient etcd() {
        return EtcdClient.onAnyOf(all);
    }

    Leases leases() {
        return new Leases(etcd());
    }
}
