package io.canal.model.calico;

import io.canal.model.IpPrefix;
import io.canal.model.Json;
import java.util.Map;
import java.util.Optional;

/** A node as Calico knows it. */
public record CalicoNode(Resource resource) {

    public static ResourceKey key(String node) {
        return ResourceKey.of(Kind.NODE, node);
    }

    /** @param address the node's address with its network's prefix length, where it is known */
    public static CalicoNode make(String node, Optional<IpPrefix> address) {
        Resource resource = Resource.make(key(node), Map.of(), Json.object());
        address.ifPresent(known -> resource.json().withObject("/spec").putArray("addresses").addObject()
                .put("address", known.toString()).put("type", "CalicoNodeIP"));
        resource.json().putObject("status");
        return new CalicoNode(resource);
    }
}
