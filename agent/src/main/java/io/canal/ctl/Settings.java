package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import io.canal.store.EtcdSettings;
import io.canal.store.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where etcd is: by calicoctl's configuration file, else by its environment variables, else, on a node of canal, by what the node's
 * agent was told.
 */
final class Settings {

    static final String USUAL_FILE = "/etc/calico/calicoctl.cfg";
    private static final String CLIENT = "Failed to create Calico API client: ";

    /** The fields of the file's spec, and the variables that stand for them. */
    private static final Map<String, String> VARIABLES = Map.ofEntries(
            Map.entry("datastoreType", "DATASTORE_TYPE"), Map.entry("etcdEndpoints", "ETCD_ENDPOINTS"),
            Map.entry("etcdDiscoverySrv", "ETCD_DISCOVERY_SRV"), Map.entry("etcdUsername", "ETCD_USERNAME"),
            Map.entry("etcdPassword", "ETCD_PASSWORD"), Map.entry("etcdKeyFile", "ETCD_KEY_FILE"), Map.entry("etcdCertFile", "ETCD_CERT_FILE"),
            Map.entry("etcdCACertFile", "ETCD_CA_CERT_FILE"), Map.entry("etcdKey", "ETCD_KEY"), Map.entry("etcdCert", "ETCD_CERT"),
            Map.entry("etcdCACert", "ETCD_CA_CERT"), Map.entry("kubeconfig", "KUBECONFIG"), Map.entry("kubeconfigInline", ""),
            Map.entry("k8sAPIEndpoint", "K8S_API_ENDPOINT"), Map.entry("k8sKeyFile", "K8S_KEY_FILE"), Map.entry("k8sCertFile", "K8S_CERT_FILE"),
            Map.entry("k8sCAFile", "K8S_CA_FILE"), Map.entry("k8sAPIToken", "K8S_API_TOKEN"),
            Map.entry("k8sInsecureSkipTLSVerify", "K8S_INSECURE_SKIP_TLS_VERIFY"), Map.entry("k8sDisableNodePoll", "K8S_DISABLE_NODE_POLL"),
            Map.entry("usePodCIDR", "USE_POD_CIDR"), Map.entry("k8sClientQPS", "K8S_CLIENT_QPS"), Map.entry("k8sClientBurst", "K8S_CLIENT_BURST"),
            Map.entry("k8sCurrentContext", "K8S_CURRENT_CONTEXT"), Map.entry("calicoAPIGroup", "CALICO_API_GROUP"));

    private final Surroundings world;

    Settings(Surroundings world) {
        this.world = world;
    }

    /**
     * How etcd is reached.
     *
     * @param file what {@code --config} names
     */
    EtcdSettings etcd(Optional<String> file) throws Refused, IOException {
        Path path = file.map(world.folder()::resolve).orElseGet(() -> world.root().resolve(USUAL_FILE.substring(1)));
        String name = file.orElse(USUAL_FILE);
        ObjectNode given;
        if (Files.exists(path)) {
            given = file(name, Files.readString(path));
        } else if (file.isPresent() && !name.equals(USUAL_FILE)) {
            throw new Refused("Error reading config file: " + name);
        } else {
            given = Json.object();
            VARIABLES.forEach((field, variable) -> given.put(field, variable.isEmpty() ? "" : world.variable(variable)));
            if (given.path("datastoreType").asText().isEmpty() && given.path("etcdEndpoints").asText().isEmpty()) {
                Optional<EtcdConfig> agents = agents();
                if (agents.isPresent()) {
                    return settings(agents.get().endpoints(), agents.get().ca(), agents.get().cert(), agents.get().key());
                }
            }
        }
        return etcd(given);
    }

    private static ObjectNode file(String name, String text) throws Refused {
        JsonNode document;
        try {
            document = YamlDocuments.one(text);
        } catch (Refused malformed) {
            throw new Refused(CLIENT + "syntax error in " + name + ": failed to parse config as YAML/JSON: " + malformed.text());
        }
        JsonNode spec = document.path("spec");
        String unknown = spec.propertyStream().map(Map.Entry::getKey).filter(field -> !VARIABLES.containsKey(field)).findFirst().orElse("");
        if (!unknown.isEmpty()) {
            throw new Refused(CLIENT + "syntax error in " + name
                    + ": failed to parse config as YAML/JSON: error unmarshaling JSON: while decoding JSON: json: unknown field \"" + unknown + "\"");
        }
        if (!document.path("kind").asText().equals("CalicoAPIConfig") || !document.path("apiVersion").asText().equals("projectcalico.org/v3")) {
            throw new Refused(CLIENT + "invalid config file " + name + ": expected kind CalicoAPIConfig of apiVersion projectcalico.org/v3");
        }
        return spec instanceof ObjectNode object ? object : Json.object();
    }

    /** What the agent of this node was told. */
    private Optional<EtcdConfig> agents() throws IOException {
        Path yaml = new NodePaths(world.root()).agentYaml();
        if (!Files.isReadable(yaml)) {
            return Optional.empty();
        }
        return AgentConfig.parse(yaml.toString(), Files.readString(yaml)) instanceof Decoded.Good<AgentConfig>(AgentConfig config)
                ? Optional.of(config.etcd()) : Optional.empty();
    }

    private EtcdSettings etcd(ObjectNode given) throws Refused, IOException {
        String type = given.path("datastoreType").asText();
        String endpoints = given.path("etcdEndpoints").asText();
        if (!type.isEmpty() && !type.equals("etcdv3") && !type.equals("kubernetes")) {
            throw new Refused(CLIENT + "unknown datastore type: " + type);
        }
        if (type.equals("kubernetes") || endpoints.isEmpty()) {
            throw new Refused(CLIENT + (type.equals("etcdv3") ? "no etcd endpoints specified" : "canal keeps Calico's data in etcd: set DATASTORE_TYPE=etcdv3 and"
                    + " ETCD_ENDPOINTS, or write them into " + USUAL_FILE));
        }
        if (!given.path("etcdDiscoverySrv").asText().isEmpty() || !given.path("etcdUsername").asText().isEmpty()) {
            throw new Refused(CLIENT + "etcd's discovery by DNS, its users and passwords are not supported; set ETCD_ENDPOINTS, and certificates");
        }
        List<String> all = List.of(endpoints.split(",")).stream().map(String::strip).filter(one -> !one.isEmpty()).toList();
        for (String endpoint : all) {
            if (!endpoint.startsWith("http://") && !endpoint.startsWith("https://")) {
                throw new Refused(CLIENT + "etcd endpoint \"" + endpoint + "\", expected one such as https://10.0.0.1:2379");
            }
        }
        return settings(all, pem(given, "etcdCACert"), pem(given, "etcdCert"), pem(given, "etcdKey"));
    }

    /** The path of a PEM file; a text that was given instead goes into a file that only we can read. */
    private static String pem(ObjectNode given, String field) throws IOException {
        String text = given.path(field).asText();
        if (text.isEmpty()) {
            return given.path(field + "File").asText();
        }
        Path file = Files.createTempFile("canal-", ".pem", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        file.toFile().deleteOnExit();
        Files.writeString(file, text);
        return file.toString();
    }

    private EtcdSettings settings(List<String> endpoints, String ca, String cert, String key) throws Refused {
        if (ca.isEmpty() && cert.isEmpty() && key.isEmpty()) {
            return EtcdSettings.plain(endpoints);
        }
        for (String file : List.of(ca, cert, key)) {
            if (!file.isEmpty() && !Files.exists(world.folder().resolve(file))) {
                throw new Refused(CLIENT + "could not initialize etcdv3 client: open " + file + ": no such file or directory");
            }
        }
        if (ca.isEmpty() || cert.isEmpty() || key.isEmpty()) {
            throw new Refused(CLIENT + "could not initialize etcdv3 client: ETCD_CA_CERT_FILE, ETCD_CERT_FILE and ETCD_KEY_FILE are needed together");
        }
        TlsFiles files = new TlsFiles(world.folder().resolve(ca), world.folder().resolve(cert), world.folder().resolve(key));
        return new EtcdSettings(endpoints, () -> Optional.of(files));
    }
}
