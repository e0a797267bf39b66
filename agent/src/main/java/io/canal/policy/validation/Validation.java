package io.canal.policy.validation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import io.canal.model.calico.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Calico's rules for resources that somebody wants to write. */
public final class Validation {

    private static final Pattern INTERFACE = Pattern.compile("[a-zA-Z0-9_.-]{1,15}");
    private static final Pattern LEVEL = Pattern.compile("(?i)(Trace|Debug|Info|Warning|Error|Fatal)?");
    private static final int LONGEST_INTERFACE = 15;
    private static final double DEFAULT_TIER_ORDER = 1e6;

    private final Checks checks = new Checks();
    private final Kind kind;
    private final JsonNode spec;
    private final JsonNode metadata;

    private Validation(Kind kind, ObjectNode resource) {
        this.kind = kind;
        this.spec = resource.path("spec");
        this.metadata = resource.path("metadata");
    }

    /**
     * What is wrong with a resource.
     *
     * @param resource with its defaults filled in, and of its kind's form
     */
    public static List<FieldProblem> check(Kind kind, ObjectNode resource) {
        Validation validation = new Validation(kind, resource);
        validation.run();
        return validation.checks.all();
    }

    private void run() {
        Names.check(checks, kind, metadata.path("name").asText());
        checks.labels("Labels", metadata.path("labels"), "labels");
        switch (kind) {
            case NETWORK_POLICY, STAGED_NETWORK_POLICY -> policy(true);
            case GLOBAL_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY -> policy(false);
            case TIER -> tier();
            case GLOBAL_NETWORK_SET, NETWORK_SET -> checks.each("Nets", spec.path("nets"), "cidr", Validation::isNet);
            case HOST_ENDPOINT -> hostEndpoint();
            case WORKLOAD_ENDPOINT -> workloadEndpoint();
            case PROFILE -> {
                rules("ingress", true);
                rules("egress", true);
                checks.labels("LabelsToApply", spec.path("labelsToApply"), "labels");
            }
            case IP_POOL -> pool();
            case IP_RESERVATION -> checks.each("ReservedCIDRs", spec.path("reservedCIDRs"), "net", Validation::isNet);
            case FELIX_CONFIGURATION -> felix();
            case BGP_CONFIGURATION -> level("LogSeverityScreen", "logSeverityScreen");
            default -> {
            }
        }
    }

    /** A network or an address; bits behind the mask are allowed. */
    private static boolean isNet(String text) {
        return IpPrefix.parse(text).isPresent() || Ip.parse(text).isPresent();
    }

    // ---- policies ----------------------------------------------------------------------------------------------------------------

    private void policy(boolean namespaced) {
        rules("ingress", namespaced);
        rules("egress", namespaced);
        checks.selector("Selector", spec.path("selector"));
        JsonNode types = spec.path("types");
        for (int i = 0; i < types.size(); i++) {
            checks.oneOf("Types[" + i + "]", "spec.types[" + i + "]", types.get(i), "policyType", List.of("Ingress", "Egress"));
        }
        checks.selector("ServiceAccountSelector", spec.path("serviceAccountSelector"));
        if (!namespaced) {
            checks.namespaceSelector("NamespaceSelector", spec.path("namespaceSelector"), false);
            untrackedAndEarly(types);
        }
        if (spec.has("stagedAction")) {
            checks.tag("StagedAction", spec.path("stagedAction"), "stagedAction", Set.of("Set", "Delete", "Learn", "Ignore")::contains);
        }
        Set<String> seen = new HashSet<>();
        for (JsonNode type : types) {
            if (!seen.add(type.asText())) {
                checks.field((namespaced ? "NetworkPolicySpec" : "GlobalNetworkPolicySpec") + ".Types", GoText.list(types),
                        "'" + type.asText() + "' type specified more than once");
            }
        }
    }

    private void rules(String direction, boolean namespaced) {
        JsonNode rules = spec.path(direction);
        for (int i = 0; i < rules.size(); i++) {
            new RuleChecks(checks, rules.get(i), "spec." + direction + "[" + i + "]", direction.equals("ingress"), namespaced).run();
        }
    }

    private void untrackedAndEarly(JsonNode types) {
        boolean early = spec.path("preDNAT").asBoolean();
        boolean untracked = spec.path("doNotTrack").asBoolean();
        if (early && untracked) {
            checks.field("PolicySpec.PreDNAT", "true", "PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec");
            checks.schema("spec", "preDNAT and doNotTrack cannot both be true");
        }
        if (early && !spec.path("egress").isEmpty()) {
            checks.field("PolicySpec.Egress", GoText.rules(spec.path("egress")), "PreDNAT PolicySpec cannot have any Egress rules");
            checks.schema("spec", "preDNAT policy cannot have any egress rules");
        }
        if (early && types.valueStream().anyMatch(type -> type.asText().equals("Egress"))) {
            checks.field("PolicySpec.Types", GoText.list(types), "PreDNAT PolicySpec cannot have 'egress' Type");
            checks.schema("spec", "preDNAT policy cannot have 'Egress' type");
        }
        if ((early || untracked) && !spec.path("applyOnForward").asBoolean()) {
            checks.field("PolicySpec.ApplyOnForward", "false", "ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec");
            checks.schema("spec", "applyOnForward must be true if either preDNAT or doNotTrack is true");
        }
    }

    private void tier() {
        JsonNode action = spec.path("defaultAction");
        if (!List.of("Pass", "Deny").contains(action.asText())) {
            checks.oneOf("DefaultAction", "spec.defaultAction", action, "oneof", List.of("Pass", "Deny"));
            checks.schema("Tier", "\"spec.defaultAction\" must validate all the schemas (allOf)");
        }
        if (metadata.path("name").asText().equals("default") && spec.path("order").asDouble() != DEFAULT_TIER_ORDER) {
            checks.field("TierSpec.Order", GoText.pointer(spec.path("order")), "default tier order must be 1e+06");
        }
    }

    // ---- endpoints ---------------------------------------------------------------------------------------------------------------

    private void hostEndpoint() {
        JsonNode name = spec.path("interfaceName");
        checks.tag("InterfaceName", name, "interface", text -> text.equals("*") || INTERFACE.matcher(text).matches());
        if (name.asText().length() > LONGEST_INTERFACE) {
            checks.schema("spec.interfaceName", "may not be more than 15 bytes");
        }
        checks.each("ExpectedIPs", spec.path("expectedIPs"), "ip", text -> Ip.parse(text).isPresent());
        if (name.asText().isEmpty() && spec.path("expectedIPs").isEmpty()) {
            checks.field("InterfaceName", name.asText(), "no interface or expected IPs have been specified");
            checks.schema("spec", "at least one of interfaceName or expectedIPs must be specified");
        }
        if (spec.path("node").asText().isEmpty()) {
            checks.field("InterfaceName", "", "no node has been specified");
            checks.schema("spec", "node must be specified");
        }
    }

    private void workloadEndpoint() {
        checks.each("IPNetworks", spec.path("ipNetworks"), "net", Validation::isNet);
        checks.tag("InterfaceName", spec.path("interfaceName"), "interface", text -> INTERFACE.matcher(text).matches());
        checks.tag("MAC", spec.path("mac"), "mac", text -> Mac.parse(text).isPresent());
        String name = metadata.path("name").asText();
        Optional<String> wanted = name();
        if (wanted.isPresent() && !wanted.get().equals(name)) {
            checks.field("Name", name, "the WorkloadEndpoint name does not match the primary identifiers assigned in the Spec: expected name " + wanted.get());
        }
    }

    /** The name that follows from the endpoint's identifiers. */
    private Optional<String> name() {
        String orchestrator = spec.path("orchestrator").asText();
        String workload = switch (orchestrator) {
            case "k8s" -> spec.path("pod").asText();
            case "cni" -> spec.path("containerID").asText();
            case "libnetwork" -> "libnetwork";
            default -> spec.path("workload").asText();
        };
        StringBuilder name = new StringBuilder();
        for (String part : List.of(spec.path("node").asText(), orchestrator, workload, spec.path("endpoint").asText())) {
            if (part.isEmpty()) {
                return Optional.empty();
            }
            name.append(name.isEmpty() ? "" : "-").append(part.replace("-", "--"));
        }
        return Optional.of(name.toString());
    }

    // ---- configuration -----------------------------------------------------------------------------------------------------------

    private void pool() {
        checks.tag("IPIPMode", spec.path("ipipMode"), "ipIpMode", Set.of("Never", "Always", "CrossSubnet")::contains);
        checks.tag("VXLANMode", spec.path("vxlanMode"), "vxlanMode", Set.of("Never", "Always", "CrossSubnet")::contains);
        checks.selector("NodeSelector", spec.path("nodeSelector"));
        Optional<IpPrefix> range = IpPrefix.parse(spec.path("cidr").asText());
        if (range.isEmpty()) {
            checks.tag("CIDR", spec.path("cidr"), "net", never -> false);
            if (spec.path("cidr").asText().isEmpty()) {
                checks.field("IPPool.Spec.CIDR", "", "IPPool CIDR must be specified");
            }
            return;
        }
        boolean v4 = range.get().address().isV4();
        int block = spec.path("blockSize").asInt();
        if (v4 && (block < 20 || block > 32)) {
            checks.field("IPPool.Spec.BlockSize", Integer.toString(block), "IPv4 block size must be between 20 and 32");
        } else if (!v4 && (block < 116 || block > 128)) {
            checks.field("IPPool.Spec.BlockSize", Integer.toString(block), "IPv6 block size must be between 116 and 128");
        } else if (range.get().length() > block) {
            checks.field("IPPool.Spec.CIDR", range.get().cidr().toString(),
                    "IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size.");
        }
        boolean ipip = !Set.of("", "Never").contains(spec.path("ipipMode").asText());
        if (ipip && !Set.of("", "Never").contains(spec.path("vxlanMode").asText())) {
            checks.field("IPPool.Spec.VXLANMode", spec.path("vxlanMode").asText(), "Cannot enable both VXLAN and IPIP on the same IPPool");
        }
        if (ipip && !v4) {
            checks.field("IPPool.Spec.IPIPMode", spec.path("ipipMode").asText(), "IPIPMode other than 'Never' is not supported on an IPv6 IP pool");
        }
        Cidr cidr = range.get().cidr();
        if (!range.get().address().equals(cidr.base())) {
            checks.field("IPPool.Spec.CIDR", cidr.toString(), "IPPool CIDR is not strictly masked");
        }
        Cidr linkLocal = Cidr.of(v4 ? "169.254.0.0/16" : "fe80::/10");
        if (cidr.overlaps(linkLocal)) {
            checks.field("IPPool.Spec.CIDR", cidr.toString(), "IPPool CIDR overlaps with IPv" + (v4 ? 4 : 6) + " Link Local range " + linkLocal);
        }
    }

    private void felix() {
        level("LogSeverityFile", "logSeverityFile");
        level("LogSeverityScreen", "logSeverityScreen");
        level("LogSeveritySys", "logSeveritySys");
        checks.tag("DefaultEndpointToHostAction", spec.path("defaultEndpointToHostAction"), "dropAcceptReturn",
                text -> text.matches("(?i)(drop|accept|return)"));
        checks.tag("ChainInsertMode", spec.path("chainInsertMode"), "chainInsertMode", text -> text.matches("(?i)(insert|append)"));
        checks.tag("IptablesFilterAllowAction", spec.path("iptablesFilterAllowAction"), "acceptReturn", text -> text.matches("(?i)(accept|return)"));
        checks.tag("IptablesMangleAllowAction", spec.path("iptablesMangleAllowAction"), "acceptReturn", text -> text.matches("(?i)(accept|return)"));
        checks.tag("IptablesFilterDenyAction", spec.path("iptablesFilterDenyAction"), "dropReject", text -> text.matches("(?i)(drop|reject)"));
        checks.tag("IptablesBackend", spec.path("iptablesBackend"), "iptablesBackend", text -> text.matches("(?i)(auto|nft|legacy)"));
        for (String list : List.of("failsafeInboundHostPorts", "failsafeOutboundHostPorts")) {
            for (JsonNode port : spec.path(list)) {
                if (!port.path("protocol").asText().isEmpty() && !port.path("protocol").asText().matches("(?i)(tcp|udp)")) {
                    checks.field("ProtoPort.Protocol", port.path("protocol").asText(), "protocol must be tcp or udp");
                }
                if (!port.path("net").asText().isEmpty() && IpPrefix.parse(port.path("net").asText()).isEmpty()) {
                    checks.field("ProtoPort.Net", port.path("net").asText(), "invalid CIDR");
                }
                if (port.path("port").asInt() < 1) {
                    checks.field("ProtoPort.Port", port.path("port").asText(), "port must be between 1 and 65535");
                }
            }
        }
    }

    private void level(String field, String name) {
        JsonNode value = spec.path(name);
        if (!LEVEL.matcher(value.asText()).matches()) {
            checks.tag(field, value, "logLevel", never -> false);
            checks.schema("spec." + name, "spec." + name + " in body should match '^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$'");
        }
    }
}
