package io.canal.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.calico.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The content of {@code 10-canal.conflist}.
 *
 * @param versions of the CNI specification; plugins that are left out there are left out here
 * @param endpoints of etcd, joined by commas in the file
 * @param tls empty where etcd is reached without TLS
 * @param subnets this node's subnets, at most one a family; the first is IPv4 where there is one
 * @param kubeconfig path of the kubeconfig; empty leaves the key out
 */
public record Conflist(
        CniVersions versions,
        String nodename,
        int mtu,
        List<String> endpoints,
        Optional<Tls> tls,
        String logLevel,
        List<Cidr> subnets,
        String kubeconfig) {

    /** The name of the network: the folder of host-local's store and runtimes' caches hang on it. It is that of the old charm. */
    public static final String NETWORK_NAME = Profile.POD_NETWORK;

    /** The plugin for ports of the host. */
    public static final String PORTMAP = "portmap";

    /** The plugin for the rates that Kubernetes' annotations {@code kubernetes.io/ingress-bandwidth} and {@code egress-bandwidth} ask for. */
    public static final String BANDWIDTH = "bandwidth";

    /** The plugins that are chained after ours where they are there, in this order. */
    public static final List<String> CHAINED = List.of(PORTMAP, BANDWIDTH);

    /** Paths for talking to etcd with TLS; {@code key} and {@code cert} are empty where the server asks for none. */
    public record Tls(String ca, String cert, String key) {}

    public Conflist {
        endpoints = List.copyOf(endpoints);
        subnets = List.copyOf(subnets);
    }

    /** The file as a tree: what the text that is rendered has to say. */
    ObjectNode tree() {
        ObjectNode root = Json.object().put("name", NETWORK_NAME).put("cniVersion", versions.preferred());
        ArrayNode common = root.putArray("cniVersions");
        versions.common().forEach(common::add);
        ArrayNode plugins = root.putArray("plugins");
        ObjectNode calico = plugins.addObject()
                .put("type", "calico")
                .put("nodename", nodename)
                .put("mtu", mtu)
                .put("datastore_type", "etcdv3")
                .put("etcd_endpoints", String.join(",", endpoints));
        tls.filter(files -> !files.key().isEmpty()).ifPresent(files -> calico.put("etcd_key_file", files.key()).put("etcd_cert_file", files.cert()));
        tls.filter(files -> !files.ca().isEmpty()).ifPresent(files -> calico.put("etcd_ca_cert_file", files.ca()));
        calico.put("log_level", logLevel);
        ObjectNode ipam = calico.putObject("ipam").put("type", "host-local");
        if (subnets.size() == 1) {
            ipam.put("subnet", subnets.getFirst().toString());
        } else {
            ArrayNode ranges = ipam.putArray("ranges");
            subnets.forEach(subnet -> ranges.addArray().addObject().put("subnet", subnet.toString()));
        }
        if (!kubeconfig.isEmpty()) {
            calico.putObject("kubernetes").put("kubeconfig", kubeconfig);
        }
        calico.putObject("policy").put("type", "k8s");
        if (chains(PORTMAP)) {
            ObjectNode portmap = plugins.addObject().put("type", PORTMAP);
            portmap.putObject("capabilities").put("portMappings", true);
            portmap.put("snat", true);
        }
        if (chains(BANDWIDTH)) {
            plugins.addObject().put("type", BANDWIDTH).putObject("capabilities").put("bandwidth", true);
        }
        return root;
    }

    boolean chains(String plugin) {
        return versions.chained().contains(plugin);
    }

    /** What a conflist that is in use says of a chained plugin's versions; empty where it does not chain it, or has no list of versions that would do. */
    public static Optional<Set<String>> versionsWith(String plugin, String text) {
        if (!(Json.object("", text) instanceof Decoded.Good<ObjectNode>(ObjectNode root))
                || root.path("plugins").valueStream().noneMatch(each -> each.path("type").asText().equals(plugin))) {
            return Optional.empty();
        }
        Set<String> versions = root.path("cniVersions").valueStream().map(JsonNode::asText).collect(Collectors.toSet());
        return Optional.of(versions).filter(CniVersions::suffice);
    }

    /**
     * Reads the subnets that a conflist gives to host-local, from {@code subnet} or {@code ranges} of its first plugin that has
     * them. Host bits are taken off: 10.1.49.1/24 and 10.1.49.0/24 are one subnet.
     */
    public static Decoded<List<Cidr>> subnets(String where, String text) {
        return Json.object(where, text).then(root -> {
            for (JsonNode plugin : root.path("plugins")) {
                JsonNode ipam = plugin.path("ipam");
                if (ipam.isObject()) {
                    return subnets(where, ipam);
                }
            }
            return Decoded.bad(where, "plugins", root.path("plugins").toString(), "a plugin with ipam");
        });
    }

    private static Decoded<List<Cidr>> subnets(String where, JsonNode ipam) {
        List<String> texts = new ArrayList<>();
        if (ipam.has("subnet")) {
            texts.add(ipam.path("subnet").asText());
        }
        for (JsonNode set : ipam.path("ranges")) {
            set.forEach(range -> texts.add(range.path("subnet").asText()));
        }
        List<Cidr> subnets = new ArrayList<>();
        for (String text : texts) {
            Optional<IpPrefix> prefix = IpPrefix.parse(text);
            if (prefix.isEmpty()) {
                return Decoded.bad(where, "ipam.subnet", text, "a subnet such as 10.1.49.0/24");
            }
            subnets.add(prefix.get().cidr());
        }
        return subnets.isEmpty() ? Decoded.bad(where, "ipam.subnet", "", "a subnet such as 10.1.49.0/24") : Decoded.good(subnets);
    }
}
