package io.canal.agent;

import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import java.util.Map;
import java.util.TreeMap;

/** Calico's data for a training run: something of each kind that nodes have many of, with each kind of rule. */
final class TrainingPolicies {

    private static final int NAMESPACES = 10;
    private static final int PODS = 400;
    private static final int POLICIES = 200;
    private static final String NODE = "training";

    private TrainingPolicies() {}

    /** What is there from the beginning, by key. */
    static Map<String, String> all() {
        Map<String, String> all = new TreeMap<>();
        for (int i = 0; i < NAMESPACES; i++) {
            put(all, new ResourceKey(Kind.PROFILE, "", "kns.space-" + i), "", """
                    {"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}],"labelsToApply":{"pcns.projectcalico.org/name":"space-%d"}}""".formatted(i));
        }
        for (int i = 0; i < PODS; i++) {
            pod(all, i, i % 8 == 0 ? NODE : "node-" + i % 8, "group-" + i % 5);
        }
        for (int i = 0; i < POLICIES; i++) {
            policy(all, i, 80 + i);
        }
        put(all, new ResourceKey(Kind.TIER, "", "default"), "", "{\"order\":1000000,\"defaultAction\":\"Deny\"}");
        put(all, new ResourceKey(Kind.TIER, "", "security"), "", "{\"order\":100}");
        put(all, new ResourceKey(Kind.IP_POOL, "", "pool"), "", "{\"cidr\":\"10.65.0.0/16\",\"natOutgoing\":true}");
        put(all, new ResourceKey(Kind.FELIX_CONFIGURATION, "", "default"), "", "{\"logSeverityScreen\":\"Info\",\"failsafeInboundHostPorts\":[]}");
        put(all, new ResourceKey(Kind.GLOBAL_NETWORK_SET, "", "nets"), ",\"labels\":{\"nets\":\"yes\"}", "{\"nets\":[\"192.0.2.0/24\",\"2001:db8::/64\"]}");
        put(all, new ResourceKey(Kind.GLOBAL_NETWORK_POLICY, "", "security.all"), "", """
                {"tier":"security","order":1,"selector":"has(app) && app not in {'x', 'y'} && !has(absent)","types":["Ingress","Egress"],
                "namespaceSelector":"projectcalico.org/name starts with 'space'","ingress":[
                {"action":"Deny","source":{"selector":"nets == 'yes' || group contains 'other'","notNets":["192.0.2.1/32"]}},
                {"action":"Allow","protocol":"ICMP","icmp":{"type":8,"code":0}},
                {"action":"Log","protocol":"TCP","source":{"notSelector":"role == 'none'","notPorts":[1,"5:7"]},"destination":{"ports":["web"]}},
                {"action":"Pass"}],
                "egress":[{"action":"Allow","notProtocol":"UDP","destination":{"namespaceSelector":"all()","notSelector":"role == 'server'"}},
                {"action":"Pass","ipVersion":6,"metadata":{"annotations":{"why":"training"}}}]}""");
        return all;
    }

    /** What changes afterwards, one after the other. */
    static Map<String, String> changes(int round) {
        Map<String, String> changes = new TreeMap<>();
        policy(changes, round, 1000 + round);
        pod(changes, round + 1, "node-1", "group-" + (round + 1) % 5);
        pod(changes, PODS + round, NODE, "group-1");
        return changes;
    }

    /** A pod that {@link #changes} made. */
    static String gone(int round) {
        return podKey(PODS + round).path();
    }

    private static void policy(Map<String, String> all, int number, int port) {
        put(all, new ResourceKey(Kind.NETWORK_POLICY, "space-" + number % NAMESPACES, "policy-" + number), "", """
                {"tier":"default","order":%d,"selector":"app == 'served'","types":["Ingress"],"ingress":[
                {"action":"Allow","protocol":"TCP","source":{"selector":"group == 'group-%d'","namespaceSelector":"all()"},"destination":{"ports":[%d,443]}},
                {"action":"Allow","protocol":"UDP","source":{"nets":["172.16.%d.0/24"]},"destination":{"ports":["53:60"]}},
                {"action":"Allow","protocol":"TCP","source":{"selector":"role == 'server'"}}]}""".formatted(number, number % 5, port, number % 250));
    }

    private static ResourceKey podKey(int number) {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, "space-" + number % NAMESPACES, "node-k8s-pod--" + number + "-eth0");
    }

    private static void pod(Map<String, String> all, int number, String node, String group) {
        put(all, podKey(number), """
                ,"labels":{"projectcalico.org/namespace":"space-%d","projectcalico.org/orchestrator":"k8s","app":"served","group":"%s","role":"%s"}"""
                .formatted(number % NAMESPACES, group, number % 3 == 0 ? "server" : "none"), """
                {"orchestrator":"k8s","node":"%s","containerID":"c%d","pod":"pod-%d","endpoint":"eth0","serviceAccountName":"default",
                "ipNetworks":["10.65.%d.%d/32"],"profiles":["kns.space-%d"],"interfaceName":"cali%011d","mac":"02:00:00:00:00:01",
                "ports":[{"name":"web","protocol":"TCP","port":8080,"hostPort":0,"hostIP":""}]}"""
                .formatted(node, number, number, number / 250, number % 250 + 1, number % NAMESPACES, number));
    }

    private static void put(Map<String, String> all, ResourceKey key, String labels, String spec) {
        String namespace = key.namespace().isEmpty() ? "" : ",\"namespace\":\"" + key.namespace() + "\"";
        all.put(key.path(), "{\"kind\":\"%s\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"%s\"%s%s},\"spec\":%s}"
                .formatted(key.kind().title(), key.name(), namespace, labels, spec).replace("\n", ""));
    }
}
