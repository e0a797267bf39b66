package io.canal.model.calico;

import io.canal.model.Decoded;
import io.canal.model.Json;
import java.util.Map;

/** What the whole cluster is; there is one, named {@code default}. */
public record ClusterInformation(Resource resource) {

    public static final ResourceKey KEY = ResourceKey.of(Kind.CLUSTER_INFORMATION, "default");

    /**
     * @param guid 32 hexadecimal digits
     * @param type a list with commas, such as {@code k8s,canal}
     * @param version Calico's version whose data model this is, such as {@code v3.32.1}
     */
    public static ClusterInformation make(String guid, String type, String version) {
        return new ClusterInformation(Resource.make(KEY, Map.of(), Json.object().put("clusterGUID", guid).put("clusterType", type)
                .put("calicoVersion", version).put("datastoreReady", true)));
    }

    public static Decoded<ClusterInformation> of(Resource resource) {
        Fields spec = new Fields(resource.key().path(), "spec", resource.spec());
        return spec.text("clusterGUID").or(() -> spec.text("clusterType")).or(() -> spec.text("calicoVersion")).or(() -> spec.flag("datastoreReady"))
                .<Decoded<ClusterInformation>>map(Decoded::bad)
                .orElseGet(() -> Decoded.good(new ClusterInformation(resource)));
    }

    public String guid() {
        return resource.spec().path("clusterGUID").asText();
    }

    /** Whether Calico's data may be used; false while an operator has locked the datastore. Absent counts as false, as upstream. */
    public boolean datastoreReady() {
        return resource.spec().path("datastoreReady").asBoolean(false);
    }
}
