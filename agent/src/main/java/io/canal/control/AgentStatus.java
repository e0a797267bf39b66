package io.canal.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * What the agent says of itself, all of it measured.
 *
 * @param ready whether the watch is alive, the lease valid, and the kernel as wanted
 * @param reasons where not ready: why, in sentences
 * @param subnet this node's subnet with the host bits of subnet.env, such as {@code 10.1.49.1/24}; empty while there is none
 * @param network the pods' network that is in force, such as {@code 10.1.0.0/16}; empty while it is not known
 * @param mtu the pods' MTU; 0 while it is not known
 * @param dataplane {@code nftables} or {@code iptables}; empty while none is chosen
 * @param nodename the node's name in Calico and Kubernetes
 * @param publicIp the address that peers send to; empty while there is none
 * @param version the program's version
 * @param digest of the files that are rendered; changes when they change
 * @param problems what is wrong beside readiness
 * @param networkPending whether a configuration of the network waits for etcd
 * @param blocked what only an operator can mend, in a sentence; empty where there is nothing of that kind
 * @param notes what is good to know, in sentences
 */
public record AgentStatus(
        boolean ready,
        List<String> reasons,
        String subnet,
        String network,
        int mtu,
        String dataplane,
        String nodename,
        String publicIp,
        String version,
        String digest,
        List<Finding> problems,
        boolean networkPending,
        String blocked,
        List<String> notes) {

    public AgentStatus {
        reasons = List.copyOf(reasons);
        problems = List.copyOf(problems);
        notes = List.copyOf(notes);
    }

    /** As the fields of a reply. */
    public ObjectNode encode() {
        ObjectNode node = Json.object().put("ready", ready);
        ArrayNode why = node.putArray("reasons");
        reasons.forEach(why::add);
        node.put("subnet", subnet)
                .put("network", network)
                .put("mtu", mtu)
                .put("dataplane", dataplane)
                .put("nodename", nodename)
                .put("public-ip", publicIp)
                .put("version", version)
                .put("digest", digest);
        ArrayNode list = node.putArray("problems");
        problems.forEach(problem -> list.add(problem.encode()));
        node.put("network-pending", networkPending).put("blocked", blocked);
        notes.forEach(node.putArray("notes")::add);
        return node;
    }

    /** Reads what {@link #encode} made; fields that an older agent does not give are empty. */
    public static Decoded<AgentStatus> decode(String where, ObjectNode node) {
        if (!node.path("ready").isBoolean()) {
            return Decoded.bad(where, "ready", node.path("ready").asText(), "true or false");
        }
        List<Finding> problems = new ArrayList<>();
        for (JsonNode problem : node.path("problems")) {
            problems.add(Finding.decode(problem));
        }
        return Decoded.good(new AgentStatus(node.path("ready").asBoolean(), texts(node.path("reasons")), node.path("subnet").asText(),
                node.path("network").asText(), node.path("mtu").asInt(), node.path("dataplane").asText(), node.path("nodename").asText(),
                node.path("public-ip").asText(), node.path("version").asText(), node.path("digest").asText(), problems,
                node.path("network-pending").asBoolean(), node.path("blocked").asText(), texts(node.path("notes"))));
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
