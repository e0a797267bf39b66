package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.NodeView.ToHost;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.Passage.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A set of policies with what real Felix let through.
 *
 * @param about what a hand-made set is about; else empty
 * @param resources all that etcd held: the set's own objects, the pods' endpoints, and the profiles of namespaces and accounts
 * @param node the only node
 * @param interfaces of each pod, by its namespace and name
 * @param asked each flow that was measured
 */
public record VerdictSet(String id, String about, List<Resource> resources, NodeView node, Map<String, String> interfaces, List<Asked> asked) {

    /** The modes that Felix was measured in. */
    public static final Set<String> MODES = Set.of("iptables", "nftables");

    private static final JsonNode CLUSTER = Recorded.json("/verdicts/cluster.json.gz");

    private static final int SOME_PORT = 33_333;

    /**
     * A flow that was measured.
     *
     * @param probe such as {@code 4 TCP/80}
     * @param answered whether it counts only if the answer came back, too
     * @param through by mode, whether it came through
     */
    public record Asked(String probe, String from, String to, Passage request, boolean answered, Map<String, Boolean> through) {

        @Override
        public String toString() {
            return probe + " " + from + " → " + to;
        }
    }

    @Override
    public String toString() {
        return about.isEmpty() ? id : id + " " + about;
    }

    /** The sets of the parts core, knp, hep, edge: all, or some of each as {@link Recorded#cases} says. */
    public static Stream<VerdictSet> load(String... parts) {
        return Stream.of(parts).flatMap(part -> Recorded.cases(Recorded.json("/verdicts/" + part + ".json.gz").path("sets")).stream().map(VerdictSet::read));
    }

    private static VerdictSet read(JsonNode set) {
        Map<ResourceKey, Resource> resources = new LinkedHashMap<>();
        Defaulted.TIERS.forEach(tier -> resources.put(tier.key(), tier));
        CLUSTER.path("profiles").forEach(profile -> put(resources, profile));
        Set<String> raw = new HashSet<>();
        set.path("raw").forEach(name -> raw.add(name.asText()));
        for (JsonNode object : set.path("resources")) {
            String name = object.path("metadata").path("name").asText();
            boolean asIs = raw.contains(name) || name.startsWith("knp.");
            put(resources, asIs ? object : Defaulted.of((ObjectNode) object.deepCopy()));
        }
        Map<String, String> interfaces = new HashMap<>();
        set.path("endpoints").forEach(endpoint -> {
            interfaces.put(endpoint.path("node").asText(), endpoint.path("interface").asText());
            put(resources, workload(endpoint));
        });
        Set<Ip> host = new HashSet<>();
        CLUSTER.path("host").path("ips").forEach(ip -> host.add(Ip.of(ip.asText())));
        NodeView node = NodeView.of(CLUSTER.path("node").asText(), Map.of("eth0", host, "lo", Set.of(Ip.of("127.0.0.1"), Ip.of("::1"))))
                .with(set.has("defaultEndpointToHostAction") ? ToHost.valueOf(set.path("defaultEndpointToHostAction").asText()) : ToHost.ACCEPT);
        return new VerdictSet(set.path("id").asText(), set.path("about").asText(), List.copyOf(resources.values()), node, interfaces, asked(set, interfaces));
    }

    private static void put(Map<ResourceKey, Resource> resources, JsonNode object) {
        Resource resource = Objects.resource(object);
        resources.put(resource.key(), resource);
    }

    /** The endpoint as stored, with what the set says of it. */
    private static JsonNode workload(JsonNode endpoint) {
        for (JsonNode stored : CLUSTER.path("workloadEndpoints")) {
            if (stored.path("metadata").path("namespace").asText().equals(endpoint.path("namespace").asText())
                    && stored.path("spec").path("pod").asText().equals(endpoint.path("name").asText())) {
                ObjectNode copy = stored.deepCopy();
                ObjectNode labels = ((ObjectNode) copy.path("metadata")).putObject("labels");
                labels.setAll((ObjectNode) endpoint.path("labels"));
                stored.path("metadata").path("labels").properties().stream().filter(label -> label.getKey().startsWith("projectcalico.org/"))
                        .forEach(label -> labels.set(label.getKey(), label.getValue()));
                ObjectNode spec = (ObjectNode) copy.path("spec");
                ArrayNode networks = spec.putArray("ipNetworks");
                endpoint.path("ips").forEach(ip -> networks.add(ip.asText() + (ip.asText().contains(":") ? "/128" : "/32")));
                spec.set("profiles", endpoint.path("profiles"));
                spec.set("ports", endpoint.path("ports"));
                return copy;
            }
        }
        throw new IllegalStateException(endpoint + " is not in the cluster");
    }

    private static List<Asked> asked(JsonNode set, Map<String, String> interfaces) {
        Map<String, List<Ip>> addresses = new HashMap<>();
        Stream.of(set.path("endpoints"), CLUSTER.path("outside")).forEach(list -> list.forEach(one -> addresses.put(one.path("node").asText(), ips(one))));
        addresses.put("host", ips(CLUSTER.path("host")));
        List<String> nodes = new ArrayList<>();
        set.path("nodes").forEach(name -> nodes.add(name.asText()));
        Map<List<String>, Map<String, Boolean>> measured = new LinkedHashMap<>();
        set.path("measured").properties().forEach(mode -> mode.getValue().properties().forEach(probe -> {
            for (int from = 0; from < nodes.size(); from++) {
                for (int to = 0; to < nodes.size(); to++) {
                    char verdict = probe.getValue().get(from).asText().charAt(to);
                    if (verdict != '-') {
                        measured.computeIfAbsent(List.of(probe.getKey(), nodes.get(from), nodes.get(to)), any -> new HashMap<>()).put(mode.getKey(), verdict == '.');
                    }
                }
            }
        }));
        List<Asked> asked = new ArrayList<>();
        measured.forEach((what, through) -> {
            String probe = what.get(0);
            String from = what.get(1);
            String to = what.get(2);
            boolean answered = !probe.contains("SCTP") && !probe.contains("IP/47");
            asked.add(new Asked(probe, from, to, request(probe, from, to, addresses, interfaces), answered, Map.copyOf(through)));
        });
        return List.copyOf(asked);
    }

    private static Passage request(String probe, String from, String to, Map<String, List<Ip>> addresses, Map<String, String> interfaces) {
        Ip source = addresses.get(from).get(probe.charAt(0) == '4' ? 0 : 1);
        Ip destination = addresses.get(to).get(probe.charAt(0) == '4' ? 0 : 1);
        String in = from.equals("host") ? "" : interfaces.getOrDefault(from, "eth0");
        String out = to.equals("host") ? "" : interfaces.getOrDefault(to, "eth0");
        Flow arriving = flow(probe.substring(2), source, destination);
        JsonNode translated = CLUSTER.path("dnat").path(Integer.toString(arriving.destinationPort()));
        if (to.equals("host") && translated.isArray()) {
            String pod = translated.get(0).asText();
            Flow behind = Flow.ports(source, addresses.get(pod).getFirst(), arriving.protocol(), arriving.sourcePort(), translated.get(1).asInt());
            return new Passage(in, interfaces.get(pod), arriving, behind, State.NEW);
        }
        return Passage.of(in, out, arriving);
    }

    private static Flow flow(String what, Ip source, Ip destination) {
        String protocol = what.substring(0, what.indexOf('/'));
        String rest = what.substring(what.indexOf('/') + 1);
        int arrow = rest.indexOf('>');
        int number = Integer.parseInt(rest.substring(arrow + 1));
        int sourcePort = arrow < 0 ? SOME_PORT : Integer.parseInt(rest.substring(0, arrow));
        return switch (protocol) {
            case "TCP" -> Flow.ports(source, destination, 6, sourcePort, number);
            case "UDP" -> Flow.ports(source, destination, 17, sourcePort, number);
            case "SCTP" -> Flow.ports(source, destination, 132, sourcePort, number);
            case "ICMP" -> Flow.icmp(source, destination, number, 0);
            case "IP" -> Flow.bare(source, destination, number);
            default -> throw new IllegalStateException(what);
        };
    }

    private static List<Ip> ips(JsonNode one) {
        List<Ip> ips = new ArrayList<>();
        one.path("ips").forEach(ip -> ips.add(Ip.of(ip.asText())));
        return ips;
    }

}
