package io.canal.lab.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Kubernetes namespaces, of which the lab has only what Calico's controllers make of them: the Profile of the namespace, and that of
 * its service account {@code default}.
 */
public final class Namespaces {

    private final EtcdClient etcd;

    public Namespaces(EtcdClient etcd) {
        this.etcd = etcd;
    }

    public boolean has(String namespace) {
        return etcd.get(key("kns." + namespace).path()).isPresent();
    }

    /** Makes the namespace, or gives it these labels in place of those that it had. */
    public void put(String namespace, Map<String, String> labels) {
        Names.label(namespace, "Namespace");
        ObjectNode spec = Json.object();
        allow(spec.putArray("ingress"));
        allow(spec.putArray("egress"));
        Map<String, String> applied = new TreeMap<>();
        labels.forEach((name, value) -> applied.put("pcns." + name, value));
        applied.put("pcns.kubernetes.io/metadata.name", namespace);
        applied.put("pcns.projectcalico.org/name", namespace);
        ObjectNode written = spec.putObject("labelsToApply");
        applied.forEach(written::put);
        write("kns." + namespace, spec);

        ObjectNode account = Json.object();
        account.putObject("labelsToApply").put("pcsa.projectcalico.org/name", "default");
        write("ksa." + namespace + ".default", account);
    }

    private static void allow(ArrayNode rules) {
        ObjectNode rule = rules.addObject().put("action", "Allow");
        rule.putObject("source");
        rule.putObject("destination");
    }

    private void write(String name, ObjectNode spec) {
        ResourceKey key = key(name);
        Resource fresh = Resource.make(key, Map.of(), spec);
        Optional<Resource> stored = etcd.get(key.path()).map(text -> Resource.decode(key, text).orThrow());
        Resource whole = stored.map(fresh::over).orElseGet(() -> fresh.created(UUID.randomUUID(), Instant.now()));
        etcd.put(key.path(), whole.encode());
    }

    private static ResourceKey key(String profile) {
        return ResourceKey.of(Kind.PROFILE, profile);
    }
}
