package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.yaml.snakeyaml.Yaml;

/** Kubernetes' own end-to-end tests of network policy, as cases. */
public final class UpstreamE2e {

    private static final List<String> NAMESPACES = List.of("x", "y", "z");
    private static final List<String> PODS = List.of("a", "b", "c");
    private static final List<Integer> PORTS = List.of(80, 81);
    private static final List<String> PROTOCOLS = List.of("TCP", "UDP", "SCTP");
    private static final Pattern ADDRESS = Pattern.compile("(IP|NET4)\\(([a-z]/[a-z])\\)");
    private static final int WIDE = 4;

    private UpstreamE2e() {}

    /**
     * All 48 of them.
     *
     * @param addresses of the pods, by namespace and name: some policies name them
     */
    public static List<NetpolCase> cases(Function<String, Ip> addresses) {
        List<NetpolCase> cases = new ArrayList<>();
        Object tree = new Yaml().load(Recorded.text("/netpol/upstream-e2e.yaml"));
        for (JsonNode one : new ObjectMapper().valueToTree(tree)) {
            List<NetpolCase.Step> steps = new ArrayList<>();
            one.path("steps").forEach(step -> steps.add(NetpolCase.step(recorded(step, addresses))));
            cases.add(new NetpolCase("e2e " + one.path("name").asText(), List.copyOf(steps)));
        }
        return cases;
    }

    /** The pods, by namespace and name. */
    public static List<String> pods() {
        return NAMESPACES.stream().flatMap(namespace -> PODS.stream().map(pod -> namespace + "/" + pod)).toList();
    }

    /** The named ports of each pod, such as {@code serve-80-tcp:80/TCP}. */
    public static List<String> ports() {
        return PORTS.stream().flatMap(port -> PROTOCOLS.stream().map(protocol -> "serve-" + port + "-" + protocol.toLowerCase(java.util.Locale.ROOT) + ":" + port + "/" + protocol))
                .toList();
    }

    /** A step in the form of the recorded cases. */
    private static JsonNode recorded(JsonNode step, Function<String, Ip> addresses) {
        ObjectNode made = Json.object();
        JsonNode labels = step.path("labels");
        ObjectNode namespaces = made.putObject("namespaces");
        NAMESPACES.forEach(namespace -> namespaces.putObject(namespace).put("kubernetes.io/metadata.name", namespace).setAll(object(labels.path(namespace))));
        ArrayNode pods = made.putArray("pods");
        for (String title : pods()) {
            ObjectNode pod = pods.addObject().put("namespace", title.substring(0, 1)).put("name", title.substring(2)).put("ip", addresses.apply(title).toString());
            pod.putObject("labels").put("pod", title.substring(2)).setAll(object(labels.path(title)));
            ports().forEach(pod.putArray("ports")::add);
        }
        ArrayNode policies = made.putArray("policies");
        for (JsonNode policy : step.path("policies")) {
            ObjectNode whole = Json.object().put("apiVersion", "networking.k8s.io/v1").put("kind", "NetworkPolicy");
            whole.putObject("metadata").put("name", "policy-" + policies.size()).put("namespace", policy.path("namespace").asText("x"));
            whole.set("spec", Json.object("spec", filled(policy.path("spec").toString(), addresses)).orThrow());
            policies.add(whole);
        }
        ObjectNode expected = made.putObject("expected");
        step.path("probes").properties().forEach(probe -> {
            ArrayNode rows = expected.putArray(probe.getKey());
            matrix(probe.getValue()).values().forEach(rows::add);
        });
        return made;
    }

    private static ObjectNode object(JsonNode labels) {
        return labels instanceof ObjectNode object ? object : Json.object();
    }

    private static String filled(String spec, Function<String, Ip> addresses) {
        return ADDRESS.matcher(spec).replaceAll(match -> {
            Ip address = addresses.apply(match.group(2));
            return Matcher.quoteReplacement(match.group(1).equals("IP") ? address.toString() : address.masked(WIDE) + "/" + WIDE);
        });
    }

    /** A row for each sender: whom it reaches. */
    private static Map<String, String> matrix(JsonNode denied) {
        Map<String, String> rows = new TreeMap<>();
        for (String from : pods()) {
            StringBuilder row = new StringBuilder();
            for (String to : pods()) {
                boolean closed = denied.valueStream().anyMatch(one -> isDenied(one.asText(), from, to));
                row.append(closed && !from.equals(to) ? 'X' : '.');
            }
            rows.put(from, row.toString());
        }
        return rows;
    }

    private static boolean isDenied(String text, String from, String to) {
        String[] parts = text.split("->| except ");
        String excepted = parts.length > 2 ? parts[2] : "";
        return matches(parts[0], from) && matches(parts[1], to) && !matches(excepted, parts[0].equals("*") ? from : to);
    }

    private static boolean matches(String patterns, String pod) {
        return Stream.of(patterns.split(",")).anyMatch(pattern -> pattern.equals("*") || pattern.equals(pod) || pattern.endsWith("/*") && pod.startsWith(pattern.substring(0, 2)));
    }
}
