package io.canal.model.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint.Port;
import io.canal.model.Mac;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a runtime gives the plugin on standard input: Calico's configuration, with the fields that we do not know.
 *
 * <p>Good by construction: what the accessors read has been checked by {@link #decode}. The version is checked apart, because each
 * command treats it in its own way.
 */
public record PluginConfig(ObjectNode json) {

    private static final String WHERE = "the network configuration";
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.\\-]*");
    /** What a MAC address must be. */
    static final String UNICAST = "a MAC address such as 0a:58:0a:01:31:02, not one of a group";

    private static final int SMALLEST_MTU = 68;
    private static final int LARGEST_MTU = 65535;

    /** An attachment that the runtime still knows, as GC lists them. */
    public record Attachment(String containerId, String interfaceInPod) {}

    /** Reads standard input. A problem without a field means that it is not a JSON object. */
    public static Decoded<PluginConfig> decode(String stdin) {
        return Json.object(WHERE, stdin).then(PluginConfig::of);
    }

    private static Decoded<PluginConfig> of(ObjectNode json) {
        Checks checks = new Checks(WHERE);
        checks.text(json, "", "cniVersion");
        JsonNode name = CniJson.get(json, "name");
        if (!name.isTextual() || !NAME.matcher(name.asText()).matches()) {
            checks.wrong("name", CniJson.absent(name) ? name.path("") : name, "a network name of letters, digits, _ . and -");
        }
        checks.text(json, "", "type").text(json, "", "nodename").text(json, "", "datastore_type")
                .field(json, "", "datastore_type", type -> List.of("", "etcdv3", "kubernetes").contains(type.asText()), "etcdv3 or kubernetes")
                .field(json, "", "mtu", PluginConfig::isMtu, "0 (the node's), or a number from " + SMALLEST_MTU + " to " + LARGEST_MTU)
                .field(json, "", "policy_setup_timeout_seconds", seconds -> seconds.isInt() && seconds.intValue() >= 0, "a number of seconds, not negative")
                .flag(json, "", "include_default_routes")
                .object(json, "", "policy").object(json, "", "args").object(json, "", "runtimeConfig").object(json, "", "prevResult")
                .object(json, "", "container_settings");
        checks.text(CniJson.get(json, "policy"), "policy.", "type");
        checks.flag(CniJson.get(json, "container_settings"), "container_settings.", "allow_ip_forwarding");
        JsonNode args = CniJson.at(json, "args", "cni");
        checks.object(CniJson.get(json, "args"), "args.", "cni")
                .each(args, "args.cni.", "labels", PluginConfig::isLabel, "an object with key and value")
                .each(args, "args.cni.", "ips", PluginConfig::isAddress, "an IP address")
                .each(args, "args.cni.", "ports", PluginConfig::isPort, "an object with name, protocol and port")
                .each(CniJson.get(json, "runtimeConfig"), "runtimeConfig.", "ips", PluginConfig::isAddress, "an IP address")
                .each(json, "", "cni.dev/valid-attachments", JsonNode::isObject, "an object with containerID and ifname")
                .each(json, "", "cni.dev/attachments", JsonNode::isObject, "an object with containerID and ifname");
        JsonNode runtime = CniJson.get(json, "runtimeConfig");
        checks.field(runtime, "runtimeConfig.", "mac", mac -> mac.isTextual() && (mac.asText().isEmpty() || isUnicast(mac.asText())), UNICAST);
        IpamConfig.checkSets(runtime, "runtimeConfig.", "ipRanges", checks);
        checks.object(json, "", "ipam");
        IpamConfig.check(CniJson.get(json, "ipam"), checks);
        return checks.first().<Decoded<PluginConfig>>map(Decoded::bad).orElseGet(() -> Decoded.good(new PluginConfig(json)));
    }

    /** The version as it is written; empty where it is not. */
    public String versionText() {
        return text("cniVersion");
    }

    /** The version that the answer has to be in; empty where it is one that we do not speak. */
    public Optional<CniVersion> version() {
        return versionText().isEmpty() ? Optional.of(CniVersion.UNNAMED) : CniVersion.parse(versionText());
    }

    /** The network's name. */
    public String name() {
        return text("name");
    }

    /** 0 where the node's is to be used. */
    public int mtu() {
        return CniJson.get(json, "mtu").asInt(0);
    }

    public Optional<String> nodename() {
        return Optional.of(text("nodename")).filter(name -> !name.isEmpty());
    }

    /** Whether policy comes from Kubernetes; else pods get the network's own profile. */
    public boolean kubernetesPolicy() {
        return CniJson.at(json, "policy", "type").asText().equals("k8s");
    }

    public boolean includeDefaultRoutes() {
        return CniJson.get(json, "include_default_routes").asBoolean(false);
    }

    public boolean allowIpForwarding() {
        return CniJson.at(json, "container_settings", "allow_ip_forwarding").asBoolean(false);
    }

    /** Absent where there is no {@code ipam}, or one without a type. */
    public Optional<IpamConfig> ipam() {
        return Optional.of(new IpamConfig(CniJson.get(json, "ipam"))).filter(ipam -> !ipam.type().isEmpty());
    }

    /** The labels that the runtime gives along, {@code args.cni.labels}. */
    public SortedMap<String, String> labels() {
        SortedMap<String, String> labels = new TreeMap<>();
        CniJson.at(json, "args", "cni", "labels").forEach(label -> labels.put(CniJson.get(label, "key").asText(), CniJson.get(label, "value").asText()));
        return labels;
    }

    /** The ports that the runtime gives along, {@code args.cni.ports}: an addition of canal's, for places without Kubernetes. */
    public List<Port> ports() {
        List<Port> ports = new ArrayList<>();
        CniJson.at(json, "args", "cni", "ports").forEach(port -> ports.add(new Port(CniJson.get(port, "name").asText(),
                CniJson.get(port, "protocol").asText("TCP"), CniJson.get(port, "port").asInt(), CniJson.get(port, "hostPort").asInt(0),
                CniJson.get(port, "hostIP").asText(""))));
        return ports;
    }

    /** Addresses that were asked for by {@code args.cni.ips} or the capability {@code ips}. */
    public List<Ip> requestedAddresses() {
        List<Ip> addresses = new ArrayList<>();
        CniJson.at(json, "args", "cni", "ips").forEach(address -> addresses.add(address(address)));
        CniJson.at(json, "runtimeConfig", "ips").forEach(address -> addresses.add(address(address)));
        return addresses;
    }

    /** Sets of ranges to take an address from each: those that the runtime asks for with the capability {@code ipRanges}, then those of {@code ipam}. */
    public List<List<IpamConfig.Range>> ranges() {
        List<List<IpamConfig.Range>> sets = new ArrayList<>(IpamConfig.sets(CniJson.at(json, "runtimeConfig", "ipRanges")));
        ipam().map(IpamConfig::ranges).ifPresent(sets::addAll);
        return sets;
    }

    /** The MAC address that was asked for by the capability {@code mac}. */
    public Optional<Mac> requestedMac() {
        return Mac.parse(CniJson.at(json, "runtimeConfig", "mac").asText());
    }

    /** What the chain's ADD gave; empty where the runtime does not say. */
    public Optional<JsonNode> previousResult() {
        return Optional.of(CniJson.get(json, "prevResult")).filter(JsonNode::isObject);
    }

    /** The addresses that the chain's ADD gave, in whatever form of the result. */
    public List<Ip> previousAddresses() {
        List<JsonNode> written = new ArrayList<>();
        JsonNode result = CniJson.get(json, "prevResult");
        CniJson.get(result, "ips").forEach(ip -> written.add(CniJson.get(ip, "address")));
        written.add(CniJson.at(result, "ip4", "ip"));
        written.add(CniJson.at(result, "ip6", "ip"));
        return written.stream().filter(JsonNode::isTextual).flatMap(text -> IpPrefix.parse(text.asText()).stream()).map(IpPrefix::address).toList();
    }

    /** The attachments that are still valid, for GC; empty where the runtime gives no list at all. */
    public Optional<List<Attachment>> validAttachments() {
        JsonNode list = CniJson.get(json, "cni.dev/valid-attachments");
        if (CniJson.absent(list)) {
            list = CniJson.get(json, "cni.dev/attachments");
        }
        if (CniJson.absent(list)) {
            return Optional.empty();
        }
        List<Attachment> attachments = new ArrayList<>();
        list.forEach(attachment -> attachments.add(new Attachment(CniJson.get(attachment, "containerID").asText(), CniJson.get(attachment, "ifname").asText())));
        return Optional.of(attachments);
    }

    private String text(String field) {
        return CniJson.get(json, field).asText("");
    }

    private static boolean isMtu(JsonNode mtu) {
        return mtu.isInt() && (mtu.intValue() == 0 || mtu.intValue() >= SMALLEST_MTU && mtu.intValue() <= LARGEST_MTU);
    }

    private static boolean isLabel(JsonNode label) {
        return label.isObject() && CniJson.get(label, "key").isTextual() && !CniJson.get(label, "key").asText().isEmpty()
                && CniJson.get(label, "value").isTextual();
    }

    private static boolean isPort(JsonNode port) {
        return port.isObject() && isPortNumber(CniJson.get(port, "port"), 1)
                && (CniJson.absent(CniJson.get(port, "hostPort")) || isPortNumber(CniJson.get(port, "hostPort"), 0))
                && (CniJson.absent(CniJson.get(port, "name")) || CniJson.get(port, "name").isTextual())
                && (CniJson.absent(CniJson.get(port, "protocol")) || List.of("TCP", "UDP", "SCTP").contains(CniJson.get(port, "protocol").asText()))
                && (CniJson.absent(CniJson.get(port, "hostIP")) || CniJson.get(port, "hostIP").isTextual());
    }

    private static boolean isPortNumber(JsonNode port, int smallest) {
        return port.isInt() && port.intValue() >= smallest && port.intValue() <= 65535;
    }

    /** Whether an interface can have this MAC address. */
    static boolean isUnicast(String mac) {
        return Mac.parse(mac).filter(parsed -> parsed.number() != 0 && (parsed.number() >>> 40 & 1) == 0).isPresent();
    }

    private static boolean isAddress(JsonNode address) {
        return address.isTextual() && (Ip.parse(address.asText()).isPresent() || IpPrefix.parse(address.asText()).isPresent());
    }

    private static Ip address(JsonNode address) {
        return Ip.parse(address.asText()).orElseGet(() -> IpPrefix.of(address.asText()).address());
    }
}
