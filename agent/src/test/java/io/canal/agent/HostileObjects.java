package io.canal.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.store.Store.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Objects of Calico's of all kinds that the agent reads, each with one field that is not as it should be, or with a name that tries to leave
 * its place; among them those on which Felix 3.32.1 ends with a panic.
 *
 * <p>Policies among them are for one pod and one interface of the host, as far as the damage lets them be, and stand in a tier of their own; pods among them are on interfaces of their own.
 */
final class HostileObjects {

    /** Node h1's pods have names that begin so, with the number of the object behind. */
    static final String INTERFACE = "calih";

    private static final String RULES = """
            [{"action":"Allow","protocol":"TCP","notProtocol":"UDP","source":{"nets":["10.9.0.0/16"],"notNets":["10.9.1.0/24"],"selector":"a == 'b'","notSelector":"c == 'd'",
            "namespaceSelector":"e == 'f'","serviceAccounts":{"names":["g"],"selector":"h == 'i'"}},"destination":{"ports":[80,"90:99","named"],"notPorts":[85]},
            "metadata":{"annotations":{"key":"value"}}},
            {"action":"Deny","protocol":"ICMP","icmp":{"type":3,"code":4}},{"action":"Deny","protocol":"ICMP","notICMP":{"type":3,"code":4}},
            {"action":"Log","ipVersion":4},{"action":"Pass","source":{"selector":"feed == 'x'"},"http":{"methods":["GET"]}}]""";
    private static final String POLICY = "{\"tier\":\"hostile\",\"order\":7,\"selector\":\"has(hostile)\",\"serviceAccountSelector\":\"\",\"types\":[\"Ingress\",\"Egress\"],"
            + "\"performanceHints\":[\"AssumeNeededOnEveryNode\"],\"ingress\":" + RULES + ",\"egress\":" + RULES + "}";

    private static final List<String> WORDS = List.of("", "x\n-A cali-INPUT -j ACCEPT", "\" -j ACCEPT #", "$(reboot)", "`reboot`", "'; reboot; '", "{ } ; accept", "a: [b", "*", "+", "-1", "ü€\u0000\u001b[2J",
            "has(", "0.0.0.0/0", "::/0", "65536", "9".repeat(400), "w".repeat(20_000));
    private static final List<String> VALUES = List.of("null", "[]", "{}", "[[]]", "[null]", "true", "-1", "0", "1e400", "-1e400", "0.5", "99999999999999999999999999", "[\"0.0.0.0/0\",\"::/0\"]");

    private final List<Entry> entries = new ArrayList<>();

    private HostileObjects() {}

    static List<Entry> all() {
        HostileObjects made = new HostileObjects();
        made.damage(Kind.GLOBAL_NETWORK_POLICY, POLICY.replace("\"types\"", "\"namespaceSelector\":\"\",\"preDNAT\":false,\"doNotTrack\":false,\"applyOnForward\":true,\"types\""));
        made.damage(Kind.NETWORK_POLICY, POLICY);
        made.damage(Kind.STAGED_GLOBAL_NETWORK_POLICY, POLICY.replace("\"types\"", "\"stagedAction\":\"Set\",\"types\""));
        made.damage(Kind.STAGED_NETWORK_POLICY, POLICY.replace("\"types\"", "\"stagedAction\":\"Set\",\"types\""));
        made.damage(Kind.PROFILE, "{\"labelsToApply\":{\"a\":\"b\"},\"ingress\":" + RULES + ",\"egress\":" + RULES + "}");
        made.damage(Kind.TIER, "{\"order\":5,\"defaultAction\":\"Pass\"}");
        made.damage(Kind.GLOBAL_NETWORK_SET, "{\"nets\":[\"10.7.0.0/16\",\"10.7.1.1\"]}");
        made.damage(Kind.NETWORK_SET, "{\"nets\":[\"10.7.0.0/16\",\"fd00:7::/32\"]}");
        made.damage(Kind.IP_POOL, "{\"cidr\":\"10.6.0.0/16\",\"natOutgoing\":true,\"disabled\":false}");
        made.damage(Kind.HOST_ENDPOINT, "{\"node\":\"h1\",\"interfaceName\":\"eth7\",\"expectedIPs\":[\"192.0.2.7\"],\"profiles\":[\"kns.default\"],\"ports\":[{\"name\":\"named\",\"protocol\":\"TCP\",\"port\":22}]}");
        made.damage(Kind.WORKLOAD_ENDPOINT, """
                {"orchestrator":"k8s","node":"h1","containerID":"c","pod":"p","endpoint":"eth0","serviceAccountName":"s","ipNetworks":["10.5.0.1/32"],"profiles":["kns.default"],
                "interfaceName":"INTERFACE","mac":"02:00:00:00:00:01","ports":[{"name":"named","protocol":"TCP","port":8080,"hostPort":0,"hostIP":""}],
                "ipNATs":[{"internalIP":"10.5.0.1","externalIP":"192.0.2.9"}],"allowSpoofedSourcePrefixes":["10.4.0.0/16"],
                "qosControls":{"ingressPacketRate":1000,"ingressPacketBurst":7,"egressPacketRate":20000,"ingressMaxConnections":9,"egressMaxConnections":9,"dscp":20}}""");
        made.damage(Kind.BGP_CONFIGURATION, "{\"serviceClusterIPs\":[{\"cidr\":\"10.96.0.0/12\"}],\"serviceExternalIPs\":[{\"cidr\":\"10.97.0.0/16\"}]}");
        made.damage(Kind.FELIX_CONFIGURATION, """
                {"iptablesMarkMask":4294901760,"iptablesFilterAllowAction":"Accept","iptablesMangleAllowAction":"Accept","iptablesFilterDenyAction":"Drop","defaultEndpointToHostAction":"Drop",
                "failsafeInboundHostPorts":[{"protocol":"tcp","port":22,"net":"10.0.0.0/8"}],"failsafeOutboundHostPorts":[],"logPrefix":"p","logActionRateLimit":"5/second","logActionRateLimitBurst":5,
                "vxlanPort":4789,"natPortRange":"1000:2000","natOutgoingAddress":"192.0.2.1","serviceLoopPrevention":"Drop","floatingIPs":"Enabled","workloadSourceSpoofing":"Any"}""");
        made.damage(Kind.KUBE_CONTROLLERS_CONFIGURATION, "{\"controllers\":{}}");
        made.victims();
        made.names();
        made.large();
        return made.entries;
    }

    /** Text with a few characters of it wrong, missing or double. */
    static String damaged(String text, Random dice) {
        StringBuilder damaged = new StringBuilder(text);
        for (int left = 1 + dice.nextInt(3); left > 0; left--) {
            int at = dice.nextInt(damaged.length());
            int end = Math.min(damaged.length(), at + dice.nextInt(6));
            String instead = switch (dice.nextInt(4)) {
                case 0 -> "";
                case 1 -> Character.toString(' ' + dice.nextInt(95));
                case 2 -> VALUES.get(dice.nextInt(VALUES.size()));
                default -> damaged.substring(0, end);
            };
            damaged.replace(at, end, instead);
        }
        return damaged.toString();
    }

    /** The spec with each of its values replaced by each that it should not be. */
    private void damage(Kind kind, String spec) {
        ObjectNode whole = Json.object("test", spec).orThrow();
        List<List<String>> paths = new ArrayList<>();
        paths(whole, List.of(), paths);
        for (int i = 0; i < paths.size(); i++) {
            List<String> path = paths.get(i);
            // All wrong values in the first field of each kind, and a few, but others each time, in the rest.
            int step = i == 0 ? 1 : paths.size() > 60 ? 18 : 7;
            for (int j = i % step; j < VALUES.size() + WORDS.size(); j += step) {
                if (kind == Kind.BGP_CONFIGURATION && j >= VALUES.size() && WORDS.get(j - VALUES.size()).endsWith("/0")) {
                    // All addresses are a service's then, and nothing is forwarded: so it says.
                    continue;
                }
                JsonNode value = j < VALUES.size() ? value(VALUES.get(j)) : JsonNodeFactory.instance.textNode(WORDS.get(j - VALUES.size()));
                put(kind, "h" + entries.size(), (ObjectNode) with(whole, path, value));
            }
        }
    }

    private static JsonNode value(String json) {
        return Json.object("test", "{\"v\":" + json + "}").orThrow().path("v");
    }

    private static void paths(JsonNode node, List<String> to, List<List<String>> all) {
        if (!to.isEmpty()) {
            all.add(to);
        }
        List<String> steps = node.isObject() ? node.properties().stream().map(Map.Entry::getKey).toList()
                : node.isArray() ? IntStream.range(0, node.size()).mapToObj(Integer::toString).toList() : List.of();
        for (String step : steps) {
            List<String> next = new ArrayList<>(to);
            next.add(step);
            paths(node.isObject() ? node.path(step) : node.path(Integer.parseInt(step)), List.copyOf(next), all);
        }
    }

    private static JsonNode with(JsonNode whole, List<String> path, JsonNode value) {
        if (path.isEmpty()) {
            return value;
        }
        JsonNode copy = whole.deepCopy();
        String step = path.getFirst();
        List<String> rest = path.subList(1, path.size());
        if (copy instanceof ObjectNode object) {
            object.set(step, with(object.path(step), rest, value));
        } else if (copy instanceof ArrayNode array) {
            array.set(Integer.parseInt(step), with(array.path(Integer.parseInt(step)), rest, value));
        }
        return copy;
    }

    /** A pod and an interface of the host with all those policies. */
    private void victims() {
        entries.add(new Entry(ResourceKey.ROOT + "workloadendpoints/default/victim", """
                {"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":"victim","namespace":"default","labels":{"hostile":"x"}},"spec":{"orchestrator":"k8s","node":"h1",
                "containerID":"v","pod":"victim","endpoint":"eth0","ipNetworks":["10.5.0.9/32"],"interfaceName":"calivictim"}}""", 1, 1, 0));
        entries.add(new Entry(ResourceKey.ROOT + "hostendpoints/victim", """
                {"kind":"HostEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":"victim","labels":{"hostile":"x"}},"spec":{"node":"h1","interfaceName":"eth6"}}""", 1, 1, 0));
    }

    private void names() {
        List<String> names = List.of("$(reboot)", "a;b", "a\"b", "a'b", "a\nb", "-j ACCEPT", "{}", "n".repeat(3_000), "ü", "..", "%s%n", "# x", "a b", "\\", "default", "allow.", "knp.default.x");
        for (String name : names) {
            put(Kind.GLOBAL_NETWORK_POLICY, name, Json.object("test", POLICY).orThrow());
            put(Kind.NETWORK_POLICY, name, Json.object("test", POLICY).orThrow().put("selector", "has(hostile) && x != '" + name.replace('\'', ' ') + "'"));
            put(Kind.PROFILE, name, Json.object("test", "{\"ingress\":" + RULES + ",\"labelsToApply\":{}}").orThrow());
            ObjectNode tier = Json.object("test", "{\"order\":6}").orThrow();
            put(Kind.TIER, name, tier);
            ObjectNode inTier = Json.object("test", POLICY).orThrow().put("tier", name);
            ((ObjectNode) inTier.path("ingress").path(0).path("metadata").path("annotations")).put(name, name);
            ((ObjectNode) inTier.path("ingress").path(0).path("destination")).putArray("ports").add(name);
            put(Kind.GLOBAL_NETWORK_POLICY, "t" + entries.size(), inTier);
            put(Kind.GLOBAL_NETWORK_SET, name, Json.object("test", "{\"nets\":[\"" + "10.8.0.0/16" + "\"]}").orThrow());
            put(Kind.FELIX_CONFIGURATION, name.equals("default") ? "node.h1" : name, Json.object().put("logPrefix", name));
            ObjectNode host = Json.object().put("node", "h1").put("interfaceName", name);
            host.putArray("profiles").add(name);
            put(Kind.HOST_ENDPOINT, name, host);
            ObjectNode pod = Json.object().put("orchestrator", "k8s").put("node", "h1").put("pod", name).put("interfaceName", "cali" + name);
            pod.putArray("ipNetworks").add("10.5.0.7/32");
            pod.putArray("profiles").add(name);
            put(Kind.WORKLOAD_ENDPOINT, name, pod);
        }
    }

    private void large() {
        ObjectNode policy = Json.object("test", POLICY).orThrow();
        ObjectNode rule = (ObjectNode) policy.path("ingress").path(0);
        ObjectNode source = (ObjectNode) rule.path("source");
        ObjectNode destination = (ObjectNode) rule.path("destination");
        for (int i = 0; i < 300; i++) {
            source.withArray("nets").add("10." + i % 250 + ".0.0/16");
            source.withArray("notNets").add("10.9." + i % 250 + ".0/24");
            destination.withArray("ports").add(1000 + 2 * i);
            destination.withArray("notPorts").add((20_000 + 10 * i) + ":" + (20_005 + 10 * i));
        }
        put(Kind.GLOBAL_NETWORK_POLICY, "large-lists", policy);
        ObjectNode many = Json.object("test", "{\"tier\":\"hostile\",\"selector\":\"has(hostile)\",\"types\":[\"Ingress\"]}").orThrow();
        for (int i = 0; i < 200; i++) {
            many.withArray("ingress").addObject().put("action", i % 3 == 0 ? "Deny" : "Log").put("protocol", "TCP").putObject("source").put("selector", "s" + i + " == 'x'");
        }
        put(Kind.GLOBAL_NETWORK_POLICY, "large-rules", many);
        ObjectNode nested = Json.object("test", "{\"tier\":\"hostile\",\"types\":[\"Ingress\"]}").orThrow();
        nested.put("selector", "(".repeat(5_000) + "has(hostile)" + ")".repeat(5_000));
        put(Kind.GLOBAL_NETWORK_POLICY, "deep-selector", nested);
        nested.put("selector", "!".repeat(20_000) + "has(hostile)");
        put(Kind.GLOBAL_NETWORK_POLICY, "not-selector", nested.deepCopy());
        entries.add(new Entry(ResourceKey.ROOT + "globalnetworkpolicies/deep-json", "[".repeat(20_000), 1, 1, 0));
        entries.add(new Entry(ResourceKey.ROOT + "globalnetworkpolicies/deep-object", "{\"a\":".repeat(20_000), 1, 1, 0));
    }

    private void put(Kind kind, String name, ObjectNode spec) {
        String safe = kind == Kind.FELIX_CONFIGURATION && name.matches("h\\d+") || kind == Kind.BGP_CONFIGURATION || kind == Kind.KUBE_CONTROLLERS_CONFIGURATION ? "default" : name;
        if (spec.path("interfaceName").asText().equals("INTERFACE")) {
            spec.put("interfaceName", INTERFACE + entries.size());
        }
        if (kind == Kind.HOST_ENDPOINT && spec.path("interfaceName").asText().equals("*")) {
            // It would be on the good pods' way.
            spec.put("interfaceName", "eth8");
        }
        ObjectNode object = Json.object().put("kind", kind.title()).put("apiVersion", "projectcalico.org/v3");
        ObjectNode metadata = object.putObject("metadata").put("name", safe);
        if (kind.namespaced()) {
            metadata.put("namespace", "default");
        }
        metadata.putObject("labels").put(kind == Kind.WORKLOAD_ENDPOINT || kind == Kind.HOST_ENDPOINT ? "of" : "hostile", name.length() > 1_000 ? "x" : name).put("feed", "x");
        object.set("spec", spec);
        entries.add(new Entry(ResourceKey.ROOT + kind.plural() + "/" + (kind.namespaced() ? "default/" : "") + safe, Json.compact(object), 1, 1, 0));
    }
}
