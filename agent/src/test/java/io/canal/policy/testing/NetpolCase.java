package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.Resource;
import io.canal.policy.kubernetes.NetworkPolicies;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.Passage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A case of Kubernetes NetworkPolicies with the verdicts that are expected, step by step. */
public record NetpolCase(String description, List<Step> steps) {

    /** The node that all pods are on. */
    public static final NodeView NODE = NodeView.of("node", Map.of());

    private static final Map<String, Integer> PROTOCOLS = Map.of("TCP", 6, "UDP", 17, "SCTP", 132);
    private static final int SOME_PORT = 33_333;

    /**
     * One state of the cluster.
     *
     * @param resources as etcd would hold them: the tier, profiles of namespaces, endpoints of pods, converted policies
     */
    public record Step(List<Resource> resources, List<Asked> asked) {}

    /**
     * A flow, and whether it gets through: as a whole, and by the policies of one side alone.
     *
     * @param from the sender's namespace and name
     */
    public record Asked(String from, String to, Passage request, boolean allowed, boolean egress, boolean ingress) {

        @Override
        public String toString() {
            return request.flow() + " " + from + " → " + to;
        }
    }

    @Override
    public String toString() {
        return description;
    }

    /** All 230 cases. */
    public static Stream<NetpolCase> load() {
        JsonNode all = all();
        return IntStream.range(0, all.size()).mapToObj(i -> read(i, all.get(i)));
    }

    /** All cases, or some as {@link Recorded#cases} says. */
    public static Stream<NetpolCase> some() {
        List<JsonNode> some = Recorded.cases(all());
        return IntStream.range(0, some.size()).mapToObj(i -> read(i, some.get(i)));
    }

    private static JsonNode all() {
        return Recorded.json("/netpol/cyclonus-cases.json.gz");
    }

    private static NetpolCase read(int number, JsonNode one) {
        List<Step> steps = new ArrayList<>();
        one.path("steps").forEach(step -> steps.add(step(step)));
        return new NetpolCase(number + " " + one.path("description").asText(), List.copyOf(steps));
    }

    static Step step(JsonNode step) {
        List<Resource> resources = new ArrayList<>(Defaulted.TIERS);
        step.path("namespaces").properties().forEach(namespace -> resources.add(profile(namespace.getKey(), namespace.getValue())));
        step.path("pods").forEach(pod -> resources.add(endpoint(pod)));
        step.path("policies").forEach(policy -> resources.add(Objects.resource(NetworkPolicies.convert((ObjectNode) policy).orThrow().policy())));
        List<JsonNode> pods = new ArrayList<>();
        step.path("pods").forEach(pods::add);
        pods.sort(Comparator.comparing(NetpolCase::title));
        List<Asked> asked = new ArrayList<>();
        step.path("expected").properties().forEach(matrix -> {
            int protocol = PROTOCOLS.get(matrix.getKey().split("/")[0]);
            int port = Integer.parseInt(matrix.getKey().split("/")[1]);
            for (int from = 0; from < pods.size(); from++) {
                for (int to = 0; to < pods.size(); to++) {
                    Flow flow = Flow.ports(ip(pods.get(from)), ip(pods.get(to)), protocol, SOME_PORT, port);
                    asked.add(new Asked(title(pods.get(from)), title(pods.get(to)), Passage.of(interfaceOf(pods.get(from)), interfaceOf(pods.get(to)), flow),
                            isAllowed(matrix.getValue(), from, to), isAllowed(oneSide(step, "expectedEgress", matrix), from, to),
                            isAllowed(oneSide(step, "expectedIngress", matrix), from, to)));
                }
            }
        });
        return new Step(List.copyOf(resources), List.copyOf(asked));
    }

    /** Of some cases only the whole is known. */
    private static JsonNode oneSide(JsonNode step, String side, Map.Entry<String, JsonNode> whole) {
        return step.has(side) ? step.path(side).path(whole.getKey()) : whole.getValue();
    }

    private static boolean isAllowed(JsonNode matrix, int from, int to) {
        return switch (matrix.get(from).asText().charAt(to)) {
            case '.' -> true;
            case 'X' -> false;
            default -> throw new IllegalStateException(matrix.toString());
        };
    }

    /** As kube-controllers make it of a namespace. */
    private static Resource profile(String namespace, JsonNode labels) {
        ObjectNode profile = Json.object().put("kind", "Profile");
        profile.putObject("metadata").put("name", "kns." + namespace);
        ObjectNode spec = profile.putObject("spec");
        spec.putArray("ingress").addObject().put("action", "Allow");
        spec.putArray("egress").addObject().put("action", "Allow");
        ObjectNode applied = spec.putObject("labelsToApply").put("pcns.projectcalico.org/name", namespace);
        labels.properties().forEach(label -> applied.put("pcns." + label.getKey(), label.getValue().asText()));
        return Objects.resource(profile);
    }

    private static Resource endpoint(JsonNode pod) {
        ObjectNode endpoint = Json.object().put("kind", "WorkloadEndpoint");
        String name = pod.path("name").asText();
        String namespace = pod.path("namespace").asText();
        ObjectNode labels = endpoint.putObject("metadata").put("name", "node-k8s-" + name.replace("-", "--") + "-eth0").put("namespace", namespace).putObject("labels");
        labels.setAll((ObjectNode) pod.path("labels"));
        labels.put("projectcalico.org/namespace", namespace).put("projectcalico.org/orchestrator", "k8s");
        ObjectNode spec = endpoint.putObject("spec").put("orchestrator", "k8s").put("node", "node").put("pod", name).put("endpoint", "eth0");
        spec.putArray("ipNetworks").add(ip(pod) + (ip(pod).isV4() ? "/32" : "/128"));
        spec.putArray("profiles").add("kns." + namespace);
        spec.put("interfaceName", interfaceOf(pod));
        ArrayNode ports = spec.putArray("ports");
        pod.path("ports").forEach(port -> {
            String[] parts = port.asText().split("[:/]");
            ports.addObject().put("name", parts[0]).put("protocol", parts[2]).put("port", Integer.parseInt(parts[1]));
        });
        return Objects.resource(endpoint);
    }

    private static String title(JsonNode pod) {
        return pod.path("namespace").asText() + "/" + pod.path("name").asText();
    }

    private static String interfaceOf(JsonNode pod) {
        return EndpointNames.podInterface(pod.path("namespace").asText(), pod.path("name").asText());
    }

    private static Ip ip(JsonNode pod) {
        return Ip.of(pod.path("ip").asText());
    }
}
