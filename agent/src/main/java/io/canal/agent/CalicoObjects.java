package io.canal.agent;

import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetRange;
import io.canal.model.calico.CalicoNode;
import io.canal.model.calico.ClusterInformation;
import io.canal.model.calico.IpPool;
import io.canal.model.calico.Resource;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calico's objects that canal makes where they are absent: ClusterInformation, this Node, and a pool for the network.
 *
 * <p>What is there stays as it is, and nothing is ever deleted: calicoctl and its users own them.
 */
final class CalicoObjects {

    private static final Logger log = LoggerFactory.getLogger(CalicoObjects.class);

    /** Whose data model this is; calicoctl refuses to work with a cluster of another version. */
    private static final String CALICO_VERSION = "v3.32.1";

    private static final String CLUSTER_TYPE = "k8s,canal";

    private final Store store;
    private final Clock clock;

    CalicoObjects(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Makes what is absent. May be repeated at any time. */
    void ensure(String nodename, Optional<IpPrefix> address, NetworkConfig network) throws StoreException {
        List<Resource> wanted = new ArrayList<>();
        String guid = UUID.randomUUID().toString().replace("-", "");
        wanted.add(ClusterInformation.make(guid, CLUSTER_TYPE, CALICO_VERSION).resource());
        wanted.add(CalicoNode.make(nodename, address).resource());
        for (Family family : Family.values()) {
            network.range(family).map(SubnetRange::network)
                    .ifPresent(cidr -> wanted.add(IpPool.ofNetwork(family == Family.V4 ? "default" : "default-ipv6", cidr).resource()));
        }
        for (Resource resource : wanted) {
            String key = resource.key().path();
            if (store.get(key).isEmpty()
                    && store.commit(Txn.when().absent(key).put(key, resource.created(UUID.randomUUID(), clock.now()).encode(), 0)).done()) {
                log.info("made {}", key);
            }
        }
    }
}
