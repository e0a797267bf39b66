package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Juju;
import io.canal.model.Cidr;
import io.canal.model.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the network's configuration to the agent of the leader's node, once for each set of options and each etcd.
 *
 * <p>A request that is in force is never repeated by a later hook, nor by a later leader: what is changed in etcd by other hands
 * stays so until an option changes. The last one is remembered where every leader finds it, in the application's data of the
 * peer relation.
 *
 * @param unit our unit
 */
record NetworkRequest(NodeAgent agent, Juju juju, String unit) {

    private static final String ENDPOINT = "peer";

    private static final String KEY = "network-in-force";

    /**
     * Sends the request where we lead and it is a new one; why it was refused, where it was.
     *
     * @param etcd the id of the relation with etcd: another etcd knows of no request yet
     */
    Optional<String> send(CharmOptions options, String etcd) {
        if (!juju.isLeader()) {
            return Optional.empty();
        }
        ObjectNode network = network(options);
        ObjectNode request = Json.object().put("etcd", etcd);
        request.set("network", network);
        String text = Json.compact(request);
        // Juju makes the peer relation before any hook that gets here. Without it the request would only be repeated.
        List<String> peers = juju.relationIds(ENDPOINT);
        if (peers.stream().anyMatch(peer -> text.equals(juju.applicationData(peer, unit).get(KEY)))) {
            return Optional.empty();
        }
        ObjectNode arguments = Json.object();
        arguments.set("network", network);
        return switch (agent.ask(Op.PUT_NETWORK, arguments, Duration.ofSeconds(4))) {
            case Reply.Done(ObjectNode body) -> {
                // One that waits for etcd is not in force yet; the next hook asks what became of it.
                if (!body.path("spooled").asBoolean()) {
                    peers.forEach(peer -> juju.publishForApplication(peer, Map.of(KEY, text)));
                }
                yield Optional.empty();
            }
            case Reply.Refused(String sentence) -> Optional.of(sentence);
            // Not taken, so the next hook sends it.
            case Reply.Unreachable _ -> Optional.empty();
        };
    }

    /** The document that flannel reads. What is at flannel's own default is left out, as flannel's charms leave it out. */
    static ObjectNode network(CharmOptions options) {
        ObjectNode network = Json.object();
        if (options.networks().stream().noneMatch(Cidr::isV4)) {
            network.put("EnableIPv4", false);
        }
        for (Cidr cidr : options.networks()) {
            if (cidr.isV4()) {
                network.put("Network", cidr.toString());
            } else {
                network.put("EnableIPv6", true).put("IPv6Network", cidr.toString());
            }
        }
        ObjectNode backend = network.putObject("Backend").put("Type", options.backend());
        if (options.vni() != 0) {
            backend.put("VNI", options.vni());
        }
        if (options.port() != 0) {
            backend.put("Port", options.port());
        }
        if (options.directRouting()) {
            backend.put("DirectRouting", true);
        }
        return network;
    }
}
