package io.canal.cni;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.calico.Resource;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries writes out in etcd: each compares what it replaces. */
final class EtcdWrites {

    private static final Logger log = LoggerFactory.getLogger(EtcdWrites.class);
    /** A write that loses its comparison this often against other writers is left for later. */
    private static final int TRIES = 6;

    private final Store store;
    private final Clock clock;

    EtcdWrites(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * All of them in one transaction; false where each has to be tried alone, because etcd or a defect refuses one of them.
     *
     * <p>A new pod's endpoint is not there yet: only where it is, or something is to be deleted, is there anything to be read first.
     */
    boolean carryOut(Collection<Write> writes) throws StoreException {
        try {
            Map<String, Store.Entry> stored = writes.stream().anyMatch(Write.DeleteEndpoint.class::isInstance) ? read(writes) : Map.of();
            for (int i = 0; i < TRIES; i++) {
                Txn all = Txn.when();
                for (Write write : writes) {
                    Optional<Txn> change = change(write, Optional.ofNullable(stored.get(write.key().path())));
                    all = change.map(all::and).orElse(all);
                }
                if (all.writes().isEmpty() || store.commit(all).done()) {
                    return true;
                }
                stored = read(writes);
            }
            return false;
        } catch (StoreException failure) {
            if (failure.kind() == StoreException.Kind.UNAVAILABLE) {
                throw failure;
            }
            log.debug("{} writes are tried one by one: {}", writes.size(), failure.getMessage());
            return false;
        } catch (RuntimeException defect) {
            log.debug("{} writes are tried one by one", writes.size(), defect);
            return false;
        }
    }

    private Map<String, Store.Entry> read(Collection<Write> writes) throws StoreException {
        Txn read = Txn.when();
        for (Write write : writes) {
            read = read.read(write.key().path());
        }
        return store.commit(read).read().stream().collect(Collectors.toMap(Store.Entry::key, entry -> entry));
    }

    /** Carries a write out; gives why it has to wait where it could not be. A new pod's endpoint is not there yet, and not looked for first. */
    Optional<String> carryOut(Write write) throws StoreException {
        String key = write.key().path();
        Optional<Store.Entry> stored = write instanceof Write.PutEndpoint ? Optional.empty() : store.get(key);
        for (int i = 0; i < TRIES; i++) {
            Optional<Txn> change = change(write, stored);
            if (change.isEmpty()) {
                return Optional.empty();
            }
            Txn.Result result = store.commit(change.get());
            if (result.done()) {
                log.debug("{} is in etcd", write.key());
                return Optional.empty();
            }
            stored = result.read().stream().filter(entry -> entry.key().equals(key)).findFirst();
        }
        return Optional.of("others change it over and over");
    }

    /** What has to be done to what is stored; empty where it is right as it is. */
    private Optional<Txn> change(Write write, Optional<Store.Entry> stored) {
        String key = write.key().path();
        long revision = stored.map(Store.Entry::modRevision).orElse(0L);
        Optional<Resource> present = stored.flatMap(entry -> switch (Resource.decode(write.key(), entry.value())) {
            case Good<Resource>(Resource resource) -> Optional.of(resource);
            case Bad<Resource> bad -> Optional.empty();
        });
        return switch (write) {
            case Write.PutEndpoint(Resource endpoint) -> present.filter(resource -> isSameAttachment(endpoint, resource)).isPresent()
                    ? Optional.empty()
                    : Optional.of(Txn.when().at(key, revision).put(key, present.map(endpoint::over).orElseGet(() -> fresh(endpoint)).encode(), 0));
            case Write.Ensure(Resource resource) -> stored.isPresent()
                    ? Optional.empty()
                    : Optional.of(Txn.when().absent(key).put(key, fresh(resource).encode(), 0));
            case Write.DeleteEndpoint delete -> present.filter(resource -> belongsTo(delete.containerId(), resource)).isPresent()
                    ? Optional.of(Txn.when().unchanged(key, revision).delete(key))
                    : Optional.empty();
        };
    }

    private Resource fresh(Resource resource) {
        return resource.created(UUID.randomUUID(), clock.now());
    }

    /** Labels, profiles and ports may have been changed by Kubernetes' controllers, and are left to them. */
    private static boolean isSameAttachment(Resource ours, Resource stored) {
        return WorkloadEndpoint.of(ours) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint a)
                && WorkloadEndpoint.of(stored) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint b)
                && a.containerId().equals(b.containerId()) && a.addresses().equals(b.addresses())
                && a.mac().equals(b.mac()) && a.interfaceName().equals(b.interfaceName()) && a.node().equals(b.node());
    }

    private static boolean belongsTo(String containerId, Resource stored) {
        return !(WorkloadEndpoint.of(stored) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint endpoint))
                || endpoint.containerId().isEmpty() || endpoint.containerId().equals(containerId);
    }
}
