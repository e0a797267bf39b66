package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Juju;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Tells the network's configuration to the agent of the leader's node, once for each set of options.
 *
 * <p>A request that the agent took is never repeated by a later hook: what is changed in etcd by other hands stays so until an
 * option changes. The one that was taken is remembered in the charm's folder, which lives as long as the unit.
 *
 * @param remembered the file that holds the last request that was taken
 */
record NetworkRequest(NodeAgent agent, Path remembered) {

    static NetworkRequest of(NodeAgent agent, Path charmDir) {
        return new NetworkRequest(agent, charmDir.resolve(".canal-network"));
    }

    /**
     * Sends the request where we lead and it is a new one; why it was refused, where it was.
     */
    Optional<String> send(CharmOptions options, Juju juju) throws IOException {
        ObjectNode network = network(options);
        String text = Json.compact(network);
        if (NodeFile.text(remembered).equals(text)) {
            return Optional.empty();
        }
        if (!juju.isLeader()) {
            // Another unit sends it. What we sent before is not the last word any more.
            forget();
            return Optional.empty();
        }
        ObjectNode arguments = Json.object();
        arguments.set("network", network);
        return switch (agent.ask(Op.PUT_NETWORK, arguments, Duration.ofSeconds(4))) {
            case Reply.Done _ -> {
                NodeFile.put(remembered, text + "\n", "rw-r--r--");
                yield Optional.empty();
            }
            case Reply.Refused(String sentence) -> Optional.of(sentence);
            // Not taken, so the next hook sends it.
            case Reply.Unreachable _ -> Optional.empty();
        };
    }

    /** Makes the next hook send it again: etcd is another one. */
    void forget() throws IOException {
        Files.deleteIfExists(remembered);
    }

    /** The document that flannel reads. What is at flannel's own default is left out, as flannel's charms leave it out. */
    static ObjectNode network(CharmOptions options) {
        ObjectNode network = Json.object().put("Network", options.cidr().toString());
        ObjectNode backend = network.putObject("Backend").put("Type", "vxlan");
        if (options.vni() != 0) {
            backend.put("VNI", options.vni());
        }
        if (options.port() != 0) {
            backend.put("Port", options.port());
        }
        return network;
    }
}
