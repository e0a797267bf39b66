package io.canal.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.WorkloadEndpoint;
import java.util.List;

/**
 * A pod's interface that we made, or are making.
 *
 * @param network the network's name, under which its addresses are reserved
 * @param netns the path of the pod's network namespace, as the runtime gave it
 * @param profile whether the network's own profile has to be there
 * @param boot the boot during which it was made; a namespace does not outlive that
 * @param sequence grows with each attachment, so that the later of two on one interface is known
 */
record Attachment(Id id, String network, String netns, int mtu, boolean profile, String boot, long sequence, WorkloadEndpoint endpoint) {

    /** A container has at most one interface of a name. */
    record Id(String containerId, String interfaceInPod) {

        @Override
        public String toString() {
            return interfaceInPod + " of " + containerId;
        }
    }

    String hostInterface() {
        return endpoint.interfaceName();
    }

    List<Ip> addresses() {
        return endpoint.addresses();
    }

    Mac mac() {
        return endpoint.mac().orElseThrow();
    }

    String endpointKey() {
        return endpoint.resource().key().path();
    }

    LocalEndpoint row() {
        return endpoint.local().orElseThrow();
    }

    String encode() {
        ObjectNode json = Json.object().put("v", 1).put("containerID", id.containerId()).put("ifname", id.interfaceInPod())
                .put("network", network).put("netns", netns).put("mtu", mtu).put("profile", profile).put("boot", boot).put("sequence", sequence)
                .put("key", endpointKey());
        json.set("endpoint", endpoint.resource().json());
        return Json.compact(json);
    }

    static Decoded<Attachment> decode(String where, String text) {
        return Json.object(where, text).then(json -> {
            var key = ResourceKey.parse(json.path("key").asText()).filter(parsed -> parsed.kind() == Kind.WORKLOAD_ENDPOINT);
            if (key.isEmpty()) {
                return Decoded.bad(where, "key", json.path("key").asText(), "the key of a WorkloadEndpoint");
            }
            return WorkloadEndpoint.decode(key.get(), Json.compact(json.path("endpoint"))).then(endpoint -> {
                for (String field : new String[] {"containerID", "ifname", "network"}) {
                    if (json.path(field).asText().isEmpty()) {
                        return Decoded.bad(where, field, json.path(field).toString(), "a string that is not empty");
                    }
                }
                if (endpoint.mac().isEmpty() || endpoint.interfaceName().isEmpty()) {
                    return Decoded.bad(where, "endpoint.spec", endpoint.resource().spec().toString(), "an object with mac and interfaceName");
                }
                return Decoded.good(new Attachment(new Id(json.path("containerID").asText(), json.path("ifname").asText()), json.path("network").asText(),
                        json.path("netns").asText(), json.path("mtu").asInt(), json.path("profile").asBoolean(), json.path("boot").asText(),
                        json.path("sequence").asLong(), endpoint));
            });
        });
    }
}
