package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.schema.Malformed;
import io.canal.ctl.schema.Schema;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.Problem;
import io.canal.model.calico.ClusterInformation;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyNames;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Calico's resources in etcd, read and written as calicoctl's library does. */
final class Client {

    /** A resource of the store. */
    record Stored(Resource resource, long revision) {

        /** As users see it: under its own name, with its revision, its fields in order. */
        ObjectNode shown(Schema schema) {
            return Client.shown(schema, this);
        }
    }

    /** What a listing gave, what is wrong with the values that cannot be read, and the revision that it is of. */
    record Listed(List<Stored> resources, List<Problem> problems, long revision) {}

    /** A value of the store that is no resource. */
    private record Broken(ResourceKey key, Problem problem, long revision) {}

    /** Says what is wrong with a resource, in calicoctl's words; empty where it is good. */
    interface Validator {
        Optional<String> complaint(Kind kind, ObjectNode resource);
    }

    private static final int ATTEMPTS = 5;
    private static final String ALLOW_ALL = "projectcalico-default-allow";
    private static final Map<String, Tier> TIERS = Map.of("default", new Tier(1_000_000, "Deny"), "kube-admin", new Tier(1_000, "Pass"),
            "kube-baseline", new Tier(10_000_000, "Pass"));

    private record Tier(long order, String action) {}

    private final Store store;
    private final Schema schema;
    private final Validator validator;
    private final Surroundings world;

    Client(Store store, Schema schema, Validator validator, Surroundings world) {
        this.store = store;
        this.schema = schema;
        this.validator = validator;
        this.world = world;
    }

    /** What a resource is called in messages. */
    static String title(Kind kind, String namespace, String name) {
        return kind.title() + "(" + (kind.namespaced() ? namespace + "/" : "") + name + ")";
    }

    Stored get(Kind kind, String namespace, String name) throws Refused, StoreException {
        if (kind == Kind.PROFILE && name.equals(ALLOW_ALL)) {
            return allowAll();
        }
        Optional<Stored> found = find(kind, namespace, name);
        if (found.isPresent()) {
            return found.get();
        }
        Optional<Broken> broken = broken(kind, namespace, name);
        throw broken.isPresent() ? new Refused(title(kind, namespace, name) + " cannot be read: " + broken.get().problem().sentence())
                : Refused.missing(title(kind, namespace, name));
    }

    /** Under any of the names that versions of Calico have given it. */
    private Optional<Stored> find(Kind kind, String namespace, String name) throws StoreException {
        for (ResourceKey key : candidates(kind, namespace, name)) {
            Optional<Stored> found = store.get(key.path()).flatMap(entry -> stored(key, entry));
            if (found.isPresent() && (key.name().equals(name) || PolicyNames.shown(found.get().resource()).equals(name))) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static List<ResourceKey> candidates(Kind kind, String namespace, String name) {
        if (name.isEmpty() || name.contains("/") || namespace.contains("/") || kind.namespaced() && namespace.isEmpty()) {
            return List.of();
        }
        return (Defaults.isTiered(kind) ? PolicyNames.stored(name) : List.of(name)).stream().map(candidate -> new ResourceKey(kind, namespace, candidate)).toList();
    }

    /** What lies under one of these names and cannot be read: it can be replaced and deleted all the same. */
    private Optional<Broken> broken(Kind kind, String namespace, String name) throws StoreException {
        for (ResourceKey key : candidates(kind, namespace, name)) {
            Optional<Store.Entry> entry = store.get(key.path());
            if (entry.isPresent() && Resource.decode(key, entry.get().value()) instanceof Decoded.Bad<Resource>(Problem problem)) {
                return Optional.of(new Broken(key, problem, entry.get().modRevision()));
            }
        }
        return Optional.empty();
    }

    private static Optional<Stored> stored(ResourceKey key, Store.Entry entry) {
        return Resource.decode(key, entry.value()) instanceof Decoded.Good<Resource>(Resource resource)
                ? Optional.of(new Stored(resource, entry.modRevision()))
                : Optional.empty();
    }

    /** All of a kind, or those of one namespace. */
    Listed list(Kind kind, Optional<String> namespace) throws StoreException {
        Store.Listing listing = store.list(ResourceKey.prefix(kind) + namespace.map(one -> one + "/").orElse(""));
        List<Stored> all = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        for (Store.Entry entry : listing.entries()) {
            ResourceKey.parse(entry.key()).ifPresent(key -> {
                switch (Resource.decode(key, entry.value())) {
                    case Decoded.Good<Resource>(Resource resource) -> all.add(new Stored(resource, entry.modRevision()));
                    case Decoded.Bad<Resource>(Problem problem) -> problems.add(problem);
                }
            });
        }
        if (kind == Kind.PROFILE) {
            all.add(allowAll());
            all.sort(Comparator.comparing(one -> one.resource().key().name()));
        }
        if (kind == Kind.TIER) {
            all.sort(Comparator.comparingDouble(tier -> tier.resource().spec().path("order").asDouble(Double.MAX_VALUE)));
        }
        return new Listed(all, problems, listing.revision());
    }

    /** The profile that Calico answers with and that is in no store. */
    private static Stored allowAll() {
        ObjectNode spec = Json.object();
        spec.putArray("ingress").addObject().put("action", "Allow");
        spec.putArray("egress").addObject().put("action", "Allow");
        return new Stored(Resource.make(ResourceKey.of(Kind.PROFILE, ALLOW_ALL), Map.of(), spec), 1);
    }

    private static ObjectNode shown(Schema schema, Stored stored) {
        Resource resource = stored.resource();
        Kind kind = resource.key().kind();
        JsonNode given = resource.json().path("metadata");
        ObjectNode metadata = Json.object().put("name", Defaults.isTiered(kind) ? PolicyNames.shown(resource) : resource.key().name());
        copy(given, metadata, "generateName", "namespace", "uid");
        metadata.put("resourceVersion", Long.toString(stored.revision()));
        copy(given, metadata, "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels");
        if (given.get("annotations") instanceof ObjectNode annotations) {
            ObjectNode others = annotations.deepCopy();
            if (Defaults.isTiered(kind)) {
                others.remove(PolicyNames.METADATA);
            }
            if (!others.isEmpty()) {
                metadata.set("annotations", others);
            }
        }
        copy(given, metadata, "ownerReferences", "finalizers");
        ObjectNode whole;
        try {
            whole = schema.read(kind, resource.json(), true);
        } catch (Malformed strange) {
            whole = resource.json().deepCopy();
        }
        whole.set("metadata", metadata);
        for (String direction : List.of("ingress", "egress")) {
            for (JsonNode rule : whole.path("spec").path(direction)) {
                if (rule instanceof ObjectNode object && kind != Kind.STAGED_KUBERNETES_NETWORK_POLICY) {
                    Set.of("source", "destination").stream().filter(side -> object.path(side).isEmpty()).forEach(object::remove);
                }
            }
        }
        return whole;
    }

    private static void copy(JsonNode from, ObjectNode to, String... fields) {
        for (String field : fields) {
            JsonNode value = from.path(field);
            if (!value.isMissingNode() && !value.isNull() && !(value.isContainerNode() && value.isEmpty())) {
                to.set(field, value);
            }
        }
    }

    /** Writes a resource that must not be there yet. {@code given} has its name, and its namespace where it needs one. */
    void create(Kind kind, ObjectNode given, boolean converted) throws Refused, StoreException {
        ObjectNode wanted = given.deepCopy();
        wanted.set("metadata", Defaults.metadata(given.path("metadata"), false));
        ResourceKey key = prepare(kind, wanted, converted, "create or apply");
        check(kind, wanted, key);
        if (find(kind, key.namespace(), key.name()).isPresent()) {
            throw Refused.exists(title(kind, key.namespace(), key.name()));
        }
        Resource resource = new Resource(key, wanted).created(world.ids().get(), world.clock().now());
        if (!store.commit(Txn.when().absent(key.path()).put(key.path(), resource.encode(), 0)).done()) {
            throw Refused.exists(title(kind, key.namespace(), key.name()));
        }
    }

    /**
     * Writes over a resource that is there. Labels and annotations are the document's, the identity the store's; so are owners and
     * finalizers, but where the document has a resource version: it was read from the store, and says what is to become of them.
     */
    void update(Kind kind, ObjectNode given, boolean converted) throws Refused, StoreException {
        JsonNode version = given.path("metadata").path("resourceVersion");
        ObjectNode wanted = given.deepCopy();
        wanted.set("metadata", Defaults.metadata(given.path("metadata"), false));
        ResourceKey asked = prepare(kind, wanted, converted, "create or apply");
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<Stored> found = find(kind, asked.namespace(), asked.name());
            Optional<Broken> broken = found.isPresent() ? Optional.empty() : broken(kind, asked.namespace(), asked.name());
            Optional<Long> revision = found.map(Stored::revision).or(() -> broken.map(Broken::revision));
            if (revision.isEmpty()) {
                throw Refused.missing(title(kind, asked.namespace(), asked.name()));
            }
            if (version.isTextual() && !version.asText().isEmpty() && !version.asText().equals(Long.toString(revision.get()))) {
                break;
            }
            ResourceKey key = found.map(there -> there.resource().key()).or(() -> broken.map(Broken::key)).orElse(asked);
            check(kind, wanted, key);
            ObjectNode value = wanted.deepCopy();
            // An old form of the name stays the key's, or the policy would be there twice.
            ((ObjectNode) value.path("metadata")).put("name", key.name());
            JsonNode keeps = version.isTextual() && !version.asText().isEmpty() ? given : found.<JsonNode>map(there -> there.resource().json()).orElse(given);
            copy(keeps.path("metadata"), (ObjectNode) value.path("metadata"), "ownerReferences", "finalizers");
            Resource document = new Resource(key, value);
            Resource resource = found.isPresent() ? document.over(found.get().resource()) : document.created(world.ids().get(), world.clock().now());
            String path = key.path();
            if (store.commit(Txn.when().unchanged(path, revision.get()).put(path, resource.encode(), 0)).done()) {
                return;
            }
        }
        throw new Refused("update conflict: " + title(kind, asked.namespace(), asked.name()));
    }

    void apply(Kind kind, ObjectNode given, boolean converted) throws Refused, StoreException {
        try {
            create(kind, given, converted);
        } catch (Refused refused) {
            if (!refused.isExisting()) {
                throw refused;
            }
            update(kind, given, converted);
        }
    }

    /** @param converted whether it was asked for by a policy of Kubernetes, of which it was made */
    void delete(Kind kind, String namespace, String name, boolean converted) throws Refused, StoreException {
        if (kind == Kind.PROFILE && name.equals(ALLOW_ALL)) {
            throw new Refused("operation Delete is not supported on " + name + ": The profile \"" + ALLOW_ALL
                    + "\" is a default provided by Calico and cannot be deleted");
        }
        if (kind == Kind.TIER) {
            if (TIERS.containsKey(name)) {
                throw new Refused("operation Delete is not supported on " + name + ": Cannot delete " + name + " tier");
            }
            for (Kind policies : List.of(Kind.NETWORK_POLICY, Kind.GLOBAL_NETWORK_POLICY)) {
                if (list(policies, Optional.empty()).resources().stream().anyMatch(one -> one.resource().spec().path("tier").asText().equals(name))) {
                    throw new Refused("operation delete is not supported on " + name + ": Cannot delete a non-empty tier");
                }
            }
        }
        if (kind == Kind.NETWORK_POLICY && name.startsWith(PolicyNames.KUBERNETES) && !converted) {
            throw kubernetesOnly("delete", name);
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<Stored> found = find(kind, namespace, name);
            Optional<Broken> broken = found.isPresent() ? Optional.empty() : broken(kind, namespace, name);
            String path = found.map(there -> there.resource().key()).or(() -> broken.map(Broken::key)).map(ResourceKey::path)
                    .orElseThrow(() -> Refused.missing(title(kind, namespace, name)));
            long revision = found.map(Stored::revision).or(() -> broken.map(Broken::revision)).orElse(0L);
            if (store.commit(Txn.when().unchanged(path, revision).delete(path)).done()) {
                return;
            }
        }
        throw new Refused("update conflict: " + title(kind, namespace, name));
    }

    private static Refused kubernetesOnly(String operation, String name) {
        return new Refused("operation " + operation + " is not supported on " + name
                + ": kubernetes network policies must be managed through the kubernetes API");
    }

    /** Fills in defaults and checks what can be checked without the store. Gives the key. */
    private ResourceKey prepare(Kind kind, ObjectNode wanted, boolean converted, String operation) throws Refused {
        JsonNode metadata = wanted.path("metadata");
        String name = metadata.path("name").asText();
        if (kind == Kind.NETWORK_POLICY && name.startsWith(PolicyNames.KUBERNETES) && !converted) {
            throw kubernetesOnly(operation, name);
        }
        validate(kind, wanted);
        if (Defaults.isTiered(kind)) {
            Defaults.noteName((ObjectNode) metadata);
        }
        if (name.isEmpty() || name.contains("/")) {
            throw new Refused("error with field Metadata.Name = '" + name + "' (name must consist of lower case alphanumeric characters, '-' or '.')");
        }
        return new ResourceKey(kind, kind.namespaced() ? metadata.path("namespace").asText() : "", name);
    }

    /** What {@code validate} does: defaults and rules, without the store. */
    void validate(Kind kind, ObjectNode wanted) throws Refused {
        Defaults.fill(kind, wanted);
        try {
            ObjectNode ordered = schema.read(kind, wanted, true);
            wanted.removeAll();
            wanted.setAll(ordered);
        } catch (Malformed impossible) {
            throw new Refused(String.valueOf(impossible.getMessage()));
        }
        Optional<String> complaint = validator.complaint(kind, wanted);
        if (complaint.isPresent()) {
            throw new Refused(complaint.get());
        }
    }

    /** What can only be checked against the rest of the store. */
    private void check(Kind kind, ObjectNode wanted, ResourceKey key) throws Refused, StoreException {
        ensureInitialized();
        if (Defaults.isTiered(kind)) {
            String tier = wanted.path("spec").path("tier").asText();
            get(Kind.TIER, "", tier);
        }
        if (kind == Kind.IP_POOL) {
            Optional<Cidr> cidr = Cidr.parse(wanted.path("spec").path("cidr").asText());
            for (Stored other : list(Kind.IP_POOL, Optional.empty()).resources()) {
                Optional<Cidr> theirs = Cidr.parse(other.resource().spec().path("cidr").asText());
                if (!other.resource().key().equals(key) && cidr.isPresent() && theirs.isPresent() && cidr.get().overlaps(theirs.get())) {
                    throw new Refused("error with field IPPool.Spec.CIDR = '" + cidr.get() + "' (IPPool(" + key.name() + ") CIDR overlaps with IPPool("
                            + other.resource().key().name() + ") CIDR " + theirs.get() + ")");
                }
            }
        }
    }

    /** Calico's own objects, which are there after the first write. */
    private void ensureInitialized() throws StoreException {
        ensure(Resource.make(ClusterInformation.KEY, Map.of(), Json.object()
                .put("clusterGUID", world.ids().get().toString().replace("-", ""))
                .put("datastoreReady", true)));
        for (String name : List.of("default", "kube-admin", "kube-baseline")) {
            Tier tier = TIERS.get(name);
            if (tier != null) {
                ObjectNode spec = Json.object().put("order", tier.order()).put("defaultAction", tier.action());
                Resource resource = Resource.make(ResourceKey.of(Kind.TIER, name), Map.of(), spec);
                resource.json().putObject("status");
                ensure(resource);
            }
        }
    }

    private void ensure(Resource resource) throws StoreException {
        String path = resource.key().path();
        if (store.get(path).isEmpty()) {
            UUID id = world.ids().get();
            store.commit(Txn.when().absent(path).put(path, resource.created(id, world.clock().now()).encode(), 0));
        }
    }

    /** The version that the cluster's information says, without its v; null where it says none. */
    @Nullable String clusterVersion() throws StoreException {
        return find(Kind.CLUSTER_INFORMATION, "", "default")
                .map(info -> info.resource().spec().path("calicoVersion").asText())
                .filter(version -> !version.isEmpty())
                .orElse(null);
    }
}
