package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.calico.Kind;
import io.canal.text.GoNumber;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** Resources as tables with calicoctl's columns. */
final class Tables {

    /** How a cell is made of a resource. */
    private interface Cell extends Function<JsonNode, String> {}

    private static final int LONGEST_LIST = 80;
    private static final int LEAST_WIDTH = 5;
    private static final int PADDING = 3;

    private final String defaultAsNumber;

    /** @param defaultAsNumber what a node without one has */
    Tables(String defaultAsNumber) {
        this.defaultAsNumber = defaultAsNumber;
    }

    /** A table of some resources of one kind, and the empty line after it. */
    String print(Kind kind, List<ObjectNode> resources, boolean wide, boolean namespace) {
        List<String> headings = new ArrayList<>(wide ? wide(kind) : narrow(kind));
        if (namespace && kind.namespaced()) {
            headings.addFirst("NAMESPACE");
        }
        return print(kind, resources, headings);
    }

    /** A table of the columns that a user has chosen. */
    String custom(Kind kind, List<ObjectNode> resources, List<String> headings) throws Refused {
        Map<String, Cell> known = cells(kind);
        for (String heading : headings) {
            if (!known.containsKey(heading)) {
                throw new Refused("unknown heading " + heading + ", valid values are: " + String.join(", ", new TreeSet<>(known.keySet())));
            }
        }
        return print(kind, resources, headings);
    }

    private String print(Kind kind, List<ObjectNode> resources, List<String> headings) {
        Map<String, Cell> known = cells(kind);
        List<List<String>> rows = new ArrayList<>();
        rows.add(headings);
        for (ObjectNode resource : resources) {
            rows.add(headings.stream().map(heading -> plain(known.getOrDefault(heading, any -> "").apply(resource))).toList());
        }
        int[] widths = new int[headings.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], Math.max(LEAST_WIDTH, length(row.get(i)) + PADDING));
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i)).append(" ".repeat(widths[i] - length(row.get(i))));
            }
            text.append('\n');
        }
        return text.append('\n').toString();
    }

    /** A name in etcd may hold what a terminal would obey. */
    private static String plain(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    private static List<String> narrow(Kind kind) {
        return switch (kind) {
            case GLOBAL_NETWORK_POLICY, NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY -> List.of("NAME", "TIER");
            case HOST_ENDPOINT -> List.of("NAME", "NODE");
            case IP_POOL -> List.of("NAME", "CIDR", "SELECTOR");
            case WORKLOAD_ENDPOINT -> List.of("WORKLOAD", "NODE", "NETWORKS", "INTERFACE");
            case BGP_CONFIGURATION, BGP_FILTER, BGP_PEER, CLUSTER_INFORMATION, TIER -> wide(kind);
            default -> List.of("NAME");
        };
    }

    private static List<String> wide(Kind kind) {
        return switch (kind) {
            case BGP_CONFIGURATION -> List.of("NAME", "LOGSEVERITY", "MESHENABLED", "ASNUMBER");
            case BGP_FILTER -> List.of("NAME", "NUMEXPORTV4", "NUMIMPORTV4", "NUMEXPORTV6", "NUMIMPORTV6");
            case BGP_PEER -> List.of("NAME", "PEERIP", "NODE", "ASN");
            case CLUSTER_INFORMATION -> List.of("NAME", "CLUSTERGUID", "CLUSTERTYPE", "CALICOVERSION", "DATASTOREREADY");
            case GLOBAL_NETWORK_POLICY, NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY ->
                List.of("NAME", "TIER", "ORDER", "SELECTOR");
            case STAGED_KUBERNETES_NETWORK_POLICY -> List.of("NAME", "PODSELECTOR");
            case GLOBAL_NETWORK_SET, NETWORK_SET -> List.of("NAME", "NETS");
            case HOST_ENDPOINT -> List.of("NAME", "NODE", "INTERFACE", "IPS", "PROFILES");
            case IP_POOL -> List.of("NAME", "CIDR", "NAT", "IPIPMODE", "VXLANMODE", "DISABLED", "DISABLEBGPEXPORT", "SELECTOR", "ASSIGNMENTMODE");
            case IP_RESERVATION -> List.of("NAME", "CIDRS");
            case NODE -> List.of("NAME", "ASN", "IPV4", "IPV6");
            case PROFILE -> List.of("NAME", "LABELS");
            case TIER -> List.of("NAME", "ORDER");
            case WORKLOAD_ENDPOINT -> List.of("NAME", "WORKLOAD", "NODE", "NETWORKS", "INTERFACE", "PROFILES", "NATS");
            default -> List.of("NAME");
        };
    }

    private Map<String, Cell> cells(Kind kind) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        cells.put("NAME", one -> one.path("metadata").path("name").asText());
        if (kind.namespaced()) {
            cells.put("NAMESPACE", one -> one.path("metadata").path("namespace").asText());
        }
        switch (kind) {
            case BGP_CONFIGURATION -> {
                cells.put("LOGSEVERITY", text("logSeverityScreen"));
                cells.put("MESHENABLED", pointer("nodeToNodeMeshEnabled", "-"));
                cells.put("ASNUMBER", pointer("asNumber", "-"));
            }
            case BGP_FILTER -> {
                for (String list : List.of("exportV4", "importV4", "exportV6", "importV6")) {
                    cells.put("NUM" + list.toUpperCase(Locale.ROOT), one -> Integer.toString(one.path("spec").path(list).size()));
                }
            }
            case BGP_PEER -> {
                cells.put("PEERIP", text("peerIP"));
                cells.put("NODE", one -> first(text("node").apply(one), text("nodeSelector").apply(one), "(global)"));
                cells.put("ASN", one -> one.path("spec").path("asNumber").asText("0"));
            }
            case CLUSTER_INFORMATION -> {
                cells.put("CLUSTERGUID", text("clusterGUID"));
                cells.put("CLUSTERTYPE", text("clusterType"));
                cells.put("CALICOVERSION", text("calicoVersion"));
                cells.put("DATASTOREREADY", pointer("datastoreReady", "<nil>"));
            }
            case GLOBAL_NETWORK_POLICY, NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY -> {
                cells.put("TIER", text("tier"));
                cells.put("ORDER", pointer("order", "<nil>"));
                cells.put("SELECTOR", text("selector"));
            }
            case STAGED_KUBERNETES_NETWORK_POLICY -> cells.put("PODSELECTOR", one -> map(one.path("spec").path("podSelector").path("matchLabels")));
            case GLOBAL_NETWORK_SET, NETWORK_SET -> cells.put("NETS", one -> cut(list("nets").apply(one)));
            case HOST_ENDPOINT -> {
                cells.put("NODE", text("node"));
                cells.put("INTERFACE", text("interfaceName"));
                cells.put("IPS", list("expectedIPs"));
                cells.put("PROFILES", list("profiles"));
            }
            case IP_POOL -> {
                cells.put("CIDR", text("cidr"));
                cells.put("NAT", flag("natOutgoing"));
                cells.put("IPIPMODE", one -> first(text("ipipMode").apply(one), "Never"));
                cells.put("VXLANMODE", one -> first(text("vxlanMode").apply(one), "Never"));
                cells.put("DISABLED", flag("disabled"));
                cells.put("DISABLEBGPEXPORT", flag("disableBGPExport"));
                cells.put("SELECTOR", text("nodeSelector"));
                cells.put("ASSIGNMENTMODE", text("assignmentMode"));
            }
            case IP_RESERVATION -> cells.put("CIDRS", one -> cut(list("reservedCIDRs").apply(one)));
            case NODE -> {
                cells.put("ASN", one -> !one.path("spec").has("bgp") ? ""
                        : one.path("spec").path("bgp").has("asNumber") ? one.path("spec").path("bgp").path("asNumber").asText() : "(" + defaultAsNumber + ")");
                cells.put("IPV4", one -> one.path("spec").path("bgp").path("ipv4Address").asText());
                cells.put("IPV6", one -> one.path("spec").path("bgp").path("ipv6Address").asText());
            }
            case PROFILE -> cells.put("LABELS", one -> map(one.path("spec").path("labelsToApply")));
            case TIER -> cells.put("ORDER", pointer("order", "<nil>"));
            case WORKLOAD_ENDPOINT -> {
                cells.put("WORKLOAD", one -> first(text("workload").apply(one), text("pod").apply(one)));
                cells.put("ORCHESTRATOR", text("orchestrator"));
                cells.put("NODE", text("node"));
                cells.put("NETWORKS", list("ipNetworks"));
                cells.put("INTERFACE", text("interfaceName"));
                cells.put("PROFILES", list("profiles"));
                cells.put("NATS", one -> String.join(",", one.path("spec").path("ipNATs").valueStream()
                        .map(nat -> nat.path("internalIP").asText() + "->" + nat.path("externalIP").asText()).toList()));
            }
            default -> {
            }
        }
        return cells;
    }

    private static Cell text(String field) {
        return one -> one.path("spec").path(field).asText();
    }

    private static Cell flag(String field) {
        return one -> Boolean.toString(one.path("spec").path(field).asBoolean());
    }

    private static Cell list(String field) {
        return one -> String.join(",", one.path("spec").path(field).valueStream().map(JsonNode::asText).toList());
    }

    private static Cell pointer(String field, String absent) {
        return one -> {
            JsonNode value = one.path("spec").path(field);
            return value.isMissingNode() || value.isNull() ? absent
                    : field.equals("order") ? GoNumber.yaml(value.asDouble()) : value.asText();
        };
    }

    private static String map(JsonNode map) {
        TreeMap<String, String> sorted = new TreeMap<>();
        map.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue().asText()));
        return String.join(",", sorted.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList());
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_LIST ? text : text.substring(0, LONGEST_LIST - 3) + "...";
    }

    private static String first(String... texts) {
        for (String text : texts) {
            if (!text.isEmpty()) {
                return text;
            }
        }
        return "";
    }
}
