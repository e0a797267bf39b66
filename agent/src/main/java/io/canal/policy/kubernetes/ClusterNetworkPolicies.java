package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.Problem;
import io.canal.policy.selector.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * ClusterNetworkPolicies of policy.networking.k8s.io/v1alpha2 as Calico's GlobalNetworkPolicies of the tiers {@code kube-admin} and
 * {@code kube-baseline}.
 *
 * <p>A rule that cannot be converted opens nothing: one that accepts is left out, and one that denies or passes denies all.
 */
public final class ClusterNetworkPolicies {

    /** What the policies' names begin with. */
    public static final String PREFIX = "kcnp.";

    private static final Map<String, String> TIERS = Map.of("Admin", "kube-admin", "Baseline", "kube-baseline");
    private static final Map<String, String> ACTIONS = Map.of("Accept", "Allow", "Deny", "Deny", "Pass", "Pass");
    private static final List<String> PROTOCOLS = List.of("tcp", "udp", "sctp");
    private static final int LARGEST = 65535;
    private static final int LAST_PRIORITY = 1000;

    private final String where;
    private final List<Node> nodes;
    private final List<Problem> notes = new ArrayList<>();

    /** A node of the cluster, which rules may select. */
    public record Node(Map<String, String> labels, List<Ip> addresses) {}

    private ClusterNetworkPolicies(String where, List<Node> nodes) {
        this.where = where;
        this.nodes = nodes;
    }

    /** @param nodes all nodes of the cluster */
    public static Decoded<Converted> convert(ObjectNode policy, List<Node> nodes) {
        String name = policy.path("metadata").path("name").asText();
        return new ClusterNetworkPolicies("ClusterNetworkPolicy " + name, nodes).convert(name, policy.path("spec"));
    }

    private Decoded<Converted> convert(String name, JsonNode spec) {
        String tier = TIERS.get(spec.path("tier").asText());
        JsonNode priority = spec.path("priority");
        if (name.isEmpty()) {
            return Decoded.bad(where, "metadata.name", name, "a name");
        }
        if (tier == null) {
            return Decoded.bad(where, "spec.tier", spec.path("tier").asText(), "Admin or Baseline");
        }
        if (!priority.isInt() || priority.intValue() < 0 || priority.intValue() > LAST_PRIORITY) {
            return Decoded.bad(where, "spec.priority", priority.asText(), "a whole number from 0 to " + LAST_PRIORITY);
        }
        ObjectNode calico = Json.object().put("tier", tier).put("order", priority.intValue());
        try {
            Subject subject = subject("spec.subject", spec.path("subject"));
            rules(spec, "ingress", "from", calico);
            rules(spec, "egress", "to", calico);
            calico.put("selector", subject.pods).put("namespaceSelector", subject.namespaces);
        } catch (Unconvertible unknown) {
            return Decoded.bad(where, unknown.field(), unknown.found(), unknown.expected());
        }
        ArrayNode types = calico.putArray("types");
        if (calico.has("ingress")) {
            types.add("Ingress");
        }
        if (calico.has("egress")) {
            types.add("Egress");
        }
        if (types.isEmpty()) {
            return Decoded.bad(where, "spec", "no rules", "rules for ingress or egress");
        }
        ObjectNode converted = Json.object().put("kind", "GlobalNetworkPolicy").put("apiVersion", "projectcalico.org/v3");
        converted.putObject("metadata").put("name", PREFIX + name);
        converted.set("spec", calico);
        return Decoded.good(new Converted(converted, notes));
    }

    private record Subject(String pods, String namespaces) {}

    /** Exactly one of {@code namespaces} and {@code pods}. */
    private static Subject subject(String field, JsonNode subject) throws Unconvertible {
        boolean byNamespace = Given.is(subject.path("namespaces"));
        JsonNode pods = subject.path("pods");
        if (byNamespace == Given.is(pods)) {
            throw new Unconvertible(field, subject.toString(), "either namespaces or pods");
        }
        if (byNamespace) {
            return new Subject(LabelSelectors.PODS, LabelSelectors.namespaces(field + ".namespaces", subject.path("namespaces")));
        }
        String namespaces = LabelSelectors.namespaces(field + ".pods.namespaceSelector", pods.path("namespaceSelector"));
        return new Subject(LabelSelectors.pods(field + ".pods.podSelector", pods.path("podSelector")), namespaces.isEmpty() ? "all()" : namespaces);
    }

    private void rules(JsonNode spec, String direction, String peers, ObjectNode calico) throws Unconvertible {
        List<ObjectNode> converted = new ArrayList<>();
        List<JsonNode> rules = Given.objects("spec." + direction, spec.path(direction));
        for (int i = 0; i < rules.size(); i++) {
            try {
                converted.addAll(rule("spec." + direction + "[" + i + "]", rules.get(i), peers));
            } catch (Unconvertible wrong) {
                notes.add(new Problem(where, wrong.field(), wrong.found(), wrong.expected()));
                if (!rules.get(i).path("action").asText().equals("Accept")) {
                    converted.add(Json.object().put("action", "Deny"));
                }
            }
        }
        if (!rules.isEmpty()) {
            calico.putArray(direction).addAll(converted);
        }
    }

    /** One rule for each protocol and peer. */
    private List<ObjectNode> rule(String field, JsonNode rule, String peersName) throws Unconvertible {
        String action = ACTIONS.get(rule.path("action").asText());
        if (action == null) {
            throw new Unconvertible(field + ".action", rule.path("action").asText(), "Accept, Deny or Pass");
        }
        List<JsonNode> peers = Given.objects(field + "." + peersName, rule.path(peersName));
        if (peers.isEmpty()) {
            throw new Unconvertible(field + "." + peersName, "", "at least one peer");
        }
        List<Ported> ports = ports(field + ".protocols", rule.path("protocols"));
        List<ObjectNode> converted = new ArrayList<>();
        for (Ported ported : ports) {
            for (int i = 0; i < peers.size(); i++) {
                ObjectNode calico = Json.object().put("action", action);
                ported.protocol.ifPresent(protocol -> calico.put("protocol", protocol));
                boolean ingress = peersName.equals("from");
                ObjectNode peer = peer(field + "." + peersName + "[" + i + "]", peers.get(i), !ingress);
                ObjectNode destination = ingress ? Json.object() : peer;
                ported.port.ifPresent(port -> destination.putArray("ports").add(port));
                calico.set("source", ingress ? peer : Json.object());
                calico.set("destination", destination);
                if (Given.is(rule.path("name"))) {
                    calico.putObject("metadata").putObject("annotations").put("name", rule.path("name").asText());
                }
                converted.add(calico);
            }
        }
        return converted;
    }

    /** @param port a number, a range or a name */
    private record Ported(Optional<String> protocol, Optional<JsonNode> port) {}

    private static List<Ported> ports(String field, JsonNode node) throws Unconvertible {
        List<JsonNode> list = Given.objects(field, node);
        List<Ported> ports = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            JsonNode one = list.get(i);
            String at = field + "[" + i + "]";
            Optional<String> protocol = PROTOCOLS.stream().filter(name -> Given.is(one.path(name))).findFirst();
            if (one.size() != 1 || protocol.isEmpty() && !one.path("destinationNamedPort").isTextual()) {
                throw new Unconvertible(at, one.toString(), "one of tcp, udp, sctp and destinationNamedPort");
            }
            ports.add(protocol.isEmpty() ? new Ported(Optional.empty(), Optional.of(one.path("destinationNamedPort")))
                    : new Ported(protocol.map(name -> name.toUpperCase(Locale.ROOT)), port(at, one.path(protocol.get()).path("destinationPort"))));
        }
        return ports.isEmpty() ? List.of(new Ported(Optional.empty(), Optional.empty())) : ports;
    }

    private static Optional<JsonNode> port(String field, JsonNode port) throws Unconvertible {
        if (!Given.is(port)) {
            return Optional.empty();
        }
        if (Given.is(port.path("number"))) {
            return Optional.of(Json.object().put("port", number(field + ".number", port.path("number"))).path("port"));
        }
        int start = number(field + ".range.start", port.path("range").path("start"));
        int end = number(field + ".range.end", port.path("range").path("end"));
        if (end <= start) {
            throw new Unconvertible(field + ".range", port.toString(), "a range whose end is behind its start");
        }
        return Optional.of(Json.object().put("port", start + ":" + end).path("port"));
    }

    private static int number(String field, JsonNode port) throws Unconvertible {
        if (!port.isInt() || port.intValue() < 1 || port.intValue() > LARGEST) {
            throw new Unconvertible(field, port.asText(), "a port from 1 to " + LARGEST);
        }
        return port.intValue();
    }

    private ObjectNode peer(String field, JsonNode peer, boolean egress) throws Unconvertible {
        ObjectNode calico = Json.object();
        if (egress && peer.size() == 1 && (peer.has("networks") || peer.has("nodes"))) {
            ArrayNode nets = calico.putArray("nets");
            for (Cidr net : peer.has("networks") ? networks(field + ".networks", peer.path("networks")) : nodes(field + ".nodes", peer.path("nodes"))) {
                nets.add(net.toString());
            }
            return calico;
        }
        Subject subject = subject(field, peer);
        return calico.put("selector", subject.pods).put("namespaceSelector", subject.namespaces);
    }

    private static List<Cidr> networks(String field, JsonNode networks) throws Unconvertible {
        List<Cidr> cidrs = new ArrayList<>();
        for (JsonNode network : Given.list(field, networks)) {
            cidrs.add(IpPrefix.parse(network.asText()).map(IpPrefix::cidr)
                    .orElseThrow(() -> new Unconvertible(field, network.asText(), "a CIDR such as 10.1.0.0/16")));
        }
        if (cidrs.isEmpty()) {
            throw new Unconvertible(field, networks.toString(), "at least one CIDR");
        }
        return cidrs;
    }

    private List<Cidr> nodes(String field, JsonNode selector) throws Unconvertible {
        Selector wanted = Selector.of(LabelSelectors.namespaces(field, selector));
        List<Cidr> cidrs = nodes.stream().filter(node -> wanted.matches(node.labels())).flatMap(node -> node.addresses().stream())
                .map(address -> IpPrefix.host(address).cidr()).toList();
        if (cidrs.isEmpty()) {
            // A list without members would mean everybody.
            throw new Unconvertible(field, selector.toString(), "a selector of nodes that are there");
        }
        return cidrs;
    }
}
