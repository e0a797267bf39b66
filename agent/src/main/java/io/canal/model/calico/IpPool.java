package io.canal.model.calico;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.util.Map;

/** A range that pods' addresses come from. Under canal it says which addresses are pods', and nothing is allocated from it. */
public record IpPool(Resource resource) {

    private static final int V4_BLOCK = 26;
    private static final int V6_BLOCK = 122;

    public static ResourceKey key(String name) {
        return ResourceKey.of(Kind.IP_POOL, name);
    }

    /** The pool of flannel's network: no encapsulation by Calico, and no masquerading, which flannel's rules do. */
    public static IpPool ofNetwork(String name, Cidr network) {
        var spec = Json.object().put("cidr", network.toString()).put("vxlanMode", "Never").put("ipipMode", "Never")
                .put("blockSize", network.isV4() ? V4_BLOCK : V6_BLOCK).put("nodeSelector", "all()");
        spec.putArray("allowedUses").add("Workload").add("Tunnel");
        spec.put("assignmentMode", "Automatic");
        return new IpPool(Resource.make(key(name), Map.of(), spec));
    }

    public static Decoded<IpPool> of(Resource resource) {
        Fields spec = new Fields(resource.key().path(), "spec", resource.spec());
        if (Cidr.parse(resource.spec().path("cidr").asText()).isEmpty()) {
            return Decoded.bad(resource.key().path(), "spec.cidr", resource.spec().path("cidr").asText(), "a CIDR such as 10.1.0.0/16");
        }
        return spec.flag("natOutgoing").or(() -> spec.flag("disabled"))
                .<Decoded<IpPool>>map(Decoded::bad)
                .orElseGet(() -> Decoded.good(new IpPool(resource)));
    }

    public Cidr cidr() {
        return Cidr.of(resource.spec().path("cidr").asText());
    }

    public boolean natOutgoing() {
        return resource.spec().path("natOutgoing").asBoolean(false);
    }

    public boolean disabled() {
        return resource.spec().path("disabled").asBoolean(false);
    }
}
