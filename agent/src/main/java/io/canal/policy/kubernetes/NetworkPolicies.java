package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.Problem;
import io.canal.model.calico.PolicyNames;
import io.canal.model.calico.PolicyPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Policies of networking.k8s.io/v1 as Calico's NetworkPolicies {@code knp.default.<name>}.
 *
 * <p>The API server lets nothing through that cannot be converted; files and other writers may. All rules allow, so what cannot be
 * converted is left out: a peer where its block or its selector is wrong, a rule where its ports are wrong or no peer is left. Where
 * it cannot be told whom the policy selects, it isolates all that it may mean and allows nothing.
 */
public final class NetworkPolicies {

    /** The API that the policies are of. */
    public static final String API_VERSION = "networking.k8s.io/v1";

    private static final int ORDER = 1000;
    private static final String TIER = "default";
    private static final List<String> BOTH = List.of("Ingress", "Egress");

    private final String where;
    private final List<Problem> notes = new ArrayList<>();

    private NetworkPolicies(String where) {
        this.where = where;
    }

    /** Converts a policy as the API server gives it: with its defaults. */
    public static Decoded<Converted> convert(ObjectNode policy) {
        String name = policy.path("metadata").path("name").asText();
        String namespace = policy.path("metadata").path("namespace").asText("default");
        String where = "NetworkPolicy " + namespace + "/" + name;
        if (name.isEmpty()) {
            return Decoded.bad(where, "metadata.name", name, "a name");
        }
        if (!policy.path("spec").isObject()) {
            return Decoded.bad(where, "spec", policy.path("spec").toString(), "an object");
        }
        NetworkPolicies conversion = new NetworkPolicies(where);
        ObjectNode spec = conversion.spec(policy.path("spec"));
        ObjectNode calico = Json.object().put("kind", "NetworkPolicy").put("apiVersion", "projectcalico.org/v3");
        calico.putObject("metadata").put("name", PolicyNames.KUBERNETES + name).put("namespace", namespace);
        calico.set("spec", spec);
        return Decoded.good(new Converted(calico, conversion.notes));
    }

    /** Adds what the API server adds to a policy that is written to it: the types. */
    public static ObjectNode defaulted(ObjectNode policy) {
        ObjectNode copy = policy.deepCopy();
        if (copy.path("spec") instanceof ObjectNode spec && spec.path("policyTypes").isEmpty()) {
            ArrayNode types = spec.putArray("policyTypes").add("Ingress");
            if (!spec.path("egress").isEmpty()) {
                types.add("Egress");
            }
        }
        return copy;
    }

    private ObjectNode spec(JsonNode spec) {
        ObjectNode calico = Json.object().put("tier", TIER).put("order", ORDER);
        String selector;
        try {
            selector = LabelSelectors.pods("spec.podSelector", spec.path("podSelector"));
            rules(spec, "ingress", "from", calico);
            rules(spec, "egress", "to", calico);
        } catch (Unconvertible unknown) {
            note(unknown);
            calico.remove(List.of("ingress", "egress"));
            selector = LabelSelectors.PODS;
        }
        calico.put("selector", selector);
        calico.putArray("types").addAll(types(spec.path("policyTypes")).stream().map(TextNode::valueOf).toList());
        return calico;
    }

    /** Both where it cannot be told which. */
    private List<String> types(JsonNode given) {
        try {
            List<String> types = new ArrayList<>();
            for (JsonNode type : Given.list("spec.policyTypes", given)) {
                if (!BOTH.contains(type.asText())) {
                    throw new Unconvertible("spec.policyTypes", type.toString(), "Ingress or Egress");
                }
                types.add(type.asText());
            }
            return types.isEmpty() ? List.of("Ingress") : types;
        } catch (Unconvertible unknown) {
            note(unknown);
            return BOTH;
        }
    }

    private void rules(JsonNode spec, String direction, String peers, ObjectNode calico) throws Unconvertible {
        List<ObjectNode> rules = new ArrayList<>();
        List<JsonNode> list = Given.objects("spec." + direction, spec.path(direction));
        for (int i = 0; i < list.size(); i++) {
            try {
                rules.addAll(rules("spec." + direction + "[" + i + "]", list.get(i), peers));
            } catch (Unconvertible wrong) {
                note(wrong);
            }
        }
        if (!rules.isEmpty()) {
            calico.putArray(direction).addAll(rules);
        }
    }

    /** One rule for each protocol and peer. */
    private List<ObjectNode> rules(String field, JsonNode rule, String peersName) throws Unconvertible {
        SortedMap<String, List<PolicyPort>> ports = Ports.byProtocol(field + ".ports", rule.path("ports"));
        List<ObjectNode> peers = peers(field + "." + peersName, rule.path(peersName));
        List<ObjectNode> rules = new ArrayList<>();
        if (ports.isEmpty()) {
            peers.forEach(peer -> rules.add(rule(Optional.empty(), List.of(), peer, peersName)));
        }
        for (Map.Entry<String, List<PolicyPort>> entry : ports.entrySet()) {
            peers.forEach(peer -> rules.add(rule(Optional.of(entry.getKey()), entry.getValue(), peer, peersName)));
        }
        return rules;
    }

    private static ObjectNode rule(Optional<String> protocol, List<PolicyPort> ports, ObjectNode peer, String peersName) {
        ObjectNode rule = Json.object().put("action", "Allow");
        protocol.ifPresent(known -> rule.put("protocol", known));
        boolean ingress = peersName.equals("from");
        rule.set("source", ingress ? peer.deepCopy() : Json.object());
        rule.set("destination", withPorts(ingress ? Json.object() : peer, ports));
        return rule;
    }

    /** With the ports in Go's order of fields: what is not wanted is behind them. */
    private static ObjectNode withPorts(ObjectNode peer, List<PolicyPort> ports) {
        ObjectNode destination = peer.deepCopy();
        if (!ports.isEmpty()) {
            JsonNode notNets = destination.remove("notNets");
            destination.set("ports", Ports.json(ports));
            if (notNets != null) {
                destination.set("notNets", notNets);
            }
        }
        return destination;
    }

    /** Each peer as one side of a rule; one that is empty where there are none, since none means all. */
    private List<ObjectNode> peers(String field, JsonNode node) throws Unconvertible {
        List<JsonNode> list = Given.list(field, node);
        if (list.isEmpty()) {
            return List.of(Json.object());
        }
        List<ObjectNode> peers = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            try {
                peers.add(peer(field + "[" + i + "]", list.get(i)));
            } catch (Unconvertible wrong) {
                note(wrong);
            }
        }
        return peers;
    }

    private static ObjectNode peer(String field, JsonNode peer) throws Unconvertible {
        JsonNode block = peer.path("ipBlock");
        boolean byLabel = Given.is(peer.path("podSelector")) || Given.is(peer.path("namespaceSelector"));
        if (Given.is(block) == byLabel) {
            throw new Unconvertible(field, peer.toString(), "either an ipBlock, or a podSelector, a namespaceSelector or both");
        }
        ObjectNode calico = Json.object();
        if (byLabel) {
            calico.put("selector", LabelSelectors.pods(field + ".podSelector", peer.path("podSelector")));
            String namespaces = LabelSelectors.namespaces(field + ".namespaceSelector", peer.path("namespaceSelector"));
            if (!namespaces.isEmpty()) {
                calico.put("namespaceSelector", namespaces);
            }
            return calico;
        }
        Cidr within = net(field + ".ipBlock.cidr", block.path("cidr"));
        calico.putArray("nets").add(within.toString());
        List<JsonNode> except = Given.list(field + ".ipBlock.except", block.path("except"));
        if (!except.isEmpty()) {
            ArrayNode not = calico.putArray("notNets");
            for (int i = 0; i < except.size(); i++) {
                Cidr out = net(field + ".ipBlock.except[" + i + "]", except.get(i));
                if (out.family() != within.family()) {
                    throw new Unconvertible(field + ".ipBlock.except[" + i + "]", out.toString(), "a block within " + within);
                }
                not.add(out.toString());
            }
        }
        return calico;
    }

    private static Cidr net(String field, JsonNode net) throws Unconvertible {
        return IpPrefix.parse(net.asText()).map(IpPrefix::cidr).orElseThrow(() -> new Unconvertible(field, net.asText(), "a CIDR such as 10.1.0.0/16"));
    }

    private void note(Unconvertible wrong) {
        notes.add(new Problem(where, wrong.field(), wrong.found(), wrong.expected()));
    }
}
