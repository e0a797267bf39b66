package io.canal.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A cluster in etcd: 100 pods of this node and 10,000 of others, and policies. Each pod of this node is selected by up to 20 policies,
 * one of them by up to 500 more; each pod of other nodes is in one of 50 sets of 200.
 */
final class PolicyLoad {

    static final int LOCAL = 100;
    static final int REMOTE = 10_000;
    static final int PORT = 7000;
    static final int CLOSED_PORT = 7001;
    private static final int GROUPS = 50;
    private static final int EACH = 20;
    private static final int HEAVY = 480;
    private static final int NAMESPACES = 500;
    private static final int AT_ONCE = 100;
    static final String NODE = "bench";

    private final Store store;
    private final int policies;
    private final int each;
    private final int mostNamespaces;

    PolicyLoad(Store store, int policies) {
        this(store, policies, EACH, NAMESPACES);
    }

    /** One in which each pod of this node, but for one, is selected by {@code each} policies at most; in as many namespaces as that takes. */
    static PolicyLoad applying(Store store, int policies, int each) {
        return new PolicyLoad(store, policies, each, policies);
    }

    private PolicyLoad(Store store, int policies, int each, int mostNamespaces) {
        this.store = store;
        this.policies = policies;
        this.each = each;
        this.mostNamespaces = mostNamespaces;
    }

    /** Puts everything. */
    void put() throws StoreException {
        Map<String, String> all = new TreeMap<>();
        add(all, ResourceKey.of(Kind.TIER, "default"), Map.of(), Json.object().put("order", 1_000_000).put("defaultAction", "Deny"));
        add(all, ResourceKey.of(Kind.CLUSTER_INFORMATION, "default"), Map.of(), Json.object().put("clusterGUID", "0123456789abcdef0123456789abcdef")
                .put("clusterType", "canal").put("calicoVersion", "v3.32.1").put("datastoreReady", true));
        for (int i = 0; i < namespaces(); i++) {
            ObjectNode spec = Json.object();
            for (String direction : new String[] {"ingress", "egress"}) {
                spec.putArray(direction).addObject().put("action", "Allow");
            }
            spec.putObject("labelsToApply").put("pcns.projectcalico.org/name", namespace(i)).put("pcns.kubernetes.io/metadata.name", namespace(i));
            add(all, ResourceKey.of(Kind.PROFILE, "kns." + namespace(i)), Map.of(), spec);
        }
        for (int i = 0; i < LOCAL; i++) {
            pod(all, NODE, namespace(i % localNamespaces()), "local-" + i, "cali%011d".formatted(i), "10.99.0." + (i + 1), "local", "none", i == LOCAL - 1);
        }
        for (int i = 0; i < REMOTE; i++) {
            pod(all, "node-" + i / 100, namespace(i % namespaces()), "remote-" + i, "cali%011d".formatted(i), "10." + (100 + i / 60000) + "." + i / 250 % 250 + "." + (i % 250 + 1),
                    "group-" + i % GROUPS, "none", false);
        }
        for (int i = 0; i < policies; i++) {
            policy(all, i, CLOSED_PORT);
        }
        List<Map.Entry<String, String>> entries = new ArrayList<>(all.entrySet());
        for (int from = 0; from < entries.size(); from += AT_ONCE) {
            Txn txn = Txn.when();
            for (Map.Entry<String, String> entry : entries.subList(from, Math.min(entries.size(), from + AT_ONCE))) {
                txn = txn.put(entry.getKey(), entry.getValue(), 0);
            }
            store.commit(txn);
        }
    }

    /** The first policy with this port in its last rule: it selects the first pod of this node. */
    void rule(int port) throws StoreException {
        Map<String, String> one = new TreeMap<>();
        policy(one, 0, port);
        commit(one);
    }

    /** Lets all of the pod network connect to a TCP port of the first pod's namespace, by the last of its policies. */
    void open(int port) throws StoreException {
        Map<String, String> one = new TreeMap<>();
        ObjectNode spec = Json.object().put("tier", "default").put("order", 100 + policies);
        rule(spec.putArray("ingress"), "TCP", "", "10.0.0.0/8", port);
        spec.put("selector", "app == 'local'").putArray("types").add("Ingress");
        add(one, new ResourceKey(Kind.NETWORK_POLICY, namespace(0), "open"), Map.of(), spec);
        commit(one);
    }

    /** A pod, of this node where it has an interface of it. */
    void pod(String node, String name, String iface, String address, String role) throws StoreException {
        Map<String, String> one = new TreeMap<>();
        pod(one, node, namespace(0), name, iface, address, node.equals(NODE) ? "local" : "client", role, false);
        commit(one);
    }

    void remove(String node, String name) throws StoreException {
        store.commit(Txn.when().delete(key(node, namespace(0), name).path()));
    }

    private void commit(Map<String, String> values) throws StoreException {
        Txn txn = Txn.when();
        for (Map.Entry<String, String> value : values.entrySet()) {
            txn = txn.put(value.getKey(), value.getValue(), 0);
        }
        store.commit(txn);
    }

    private int ordinary() {
        return policies > HEAVY ? policies - HEAVY : policies;
    }

    private int namespaces() {
        return Math.max(1, Math.min(mostNamespaces, ordinary() / each));
    }

    private int localNamespaces() {
        return Math.min(LOCAL, namespaces());
    }

    private static String namespace(int number) {
        return "space-" + number;
    }

    /** Three rules for ingress: many pods on one port, a network on another, and those that are allowed on {@code port}. */
    private void policy(Map<String, String> all, int number, int port) {
        boolean heavy = number >= ordinary();
        ObjectNode spec = Json.object().put("tier", "default").put("order", 100 + number);
        ArrayNode rules = spec.putArray("ingress");
        rule(rules, "TCP", "group == 'group-" + number % GROUPS + "'", "", 80 + number % 100);
        rule(rules, "UDP", "", "172." + (16 + number % 16) + ".0.0/16", 53);
        rule(rules, "UDP", "role == 'allowed'", "", number == 0 ? port : CLOSED_PORT);
        spec.put("selector", heavy ? "heavy == 'yes'" : "app == 'local'").putArray("types").add("Ingress");
        ResourceKey key = heavy ? ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, "policy-" + number)
                : new ResourceKey(Kind.NETWORK_POLICY, namespace(number % namespaces()), "policy-" + number);
        add(all, key, Map.of(), spec);
    }

    private static void rule(ArrayNode rules, String protocol, String selector, String net, int port) {
        ObjectNode rule = rules.addObject().put("action", "Allow").put("protocol", protocol);
        ObjectNode source = rule.putObject("source");
        if (!selector.isEmpty()) {
            source.put("selector", selector).put("namespaceSelector", "all()");
        }
        if (!net.isEmpty()) {
            source.putArray("nets").add(net);
        }
        rule.putObject("destination").putArray("ports").add(port);
    }

    private static void pod(Map<String, String> all, String node, String namespace, String name, String iface, String address, String group, String role, boolean heavy) {
        ObjectNode spec = Json.object().put("orchestrator", "k8s").put("node", node).put("containerID", name).put("pod", name).put("endpoint", "eth0")
                .put("serviceAccountName", "default").put("interfaceName", iface).put("mac", "02:00:00:00:00:01");
        spec.putArray("ipNetworks").add(address + "/32");
        spec.putArray("profiles").add("kns." + namespace);
        Map<String, String> labels = new TreeMap<>(Map.of("projectcalico.org/namespace", namespace, "projectcalico.org/orchestrator", "k8s",
                "projectcalico.org/serviceaccount", "default", "app", group.equals("local") ? "local" : "app-" + group, "group", group, "role", role));
        if (heavy) {
            labels.put("heavy", "yes");
        }
        add(all, key(node, namespace, name), labels, spec);
    }

    private static ResourceKey key(String node, String namespace, String name) {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, namespace, node.replace("-", "--") + "-k8s-" + name.replace("-", "--") + "-eth0");
    }

    private static void add(Map<String, String> all, ResourceKey key, Map<String, String> labels, ObjectNode spec) {
        ObjectNode json = Json.object().put("kind", key.kind().title()).put("apiVersion", "projectcalico.org/v3");
        ObjectNode metadata = json.putObject("metadata").put("name", key.name());
        if (!key.namespace().isEmpty()) {
            metadata.put("namespace", key.namespace());
        }
        if (!labels.isEmpty()) {
            ObjectNode written = metadata.putObject("labels");
            labels.forEach(written::put);
        }
        json.set("spec", spec);
        all.put(key.path(), Json.compact(json));
    }
}
