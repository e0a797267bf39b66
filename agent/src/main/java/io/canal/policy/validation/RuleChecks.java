package io.canal.policy.validation;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Cidr;
import io.canal.model.IpPrefix;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The checks of one rule. */
final class RuleChecks {

    private static final Set<String> PROTOCOLS = Set.of("TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite");
    private static final Set<String> WITH_PORTS = Set.of("TCP", "UDP", "SCTP", "6", "17", "132");
    private static final Pattern PORT_NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,128}");
    private static final String PORT_PROTOCOLS = " must set protocol to TCP or UDP or SCTP";

    private final Checks checks;
    private final JsonNode rule;
    private final String path;
    private final boolean ingress;
    private final boolean namespaced;

    /**
     * @param path of the rule in the document, such as {@code spec.ingress[0]}
     * @param namespaced whether the rule's policy lives in a namespace
     */
    RuleChecks(Checks checks, JsonNode rule, String path, boolean ingress, boolean namespaced) {
        this.checks = checks;
        this.rule = rule;
        this.path = path;
        this.ingress = ingress;
        this.namespaced = namespaced;
    }

    void run() {
        checks.oneOf("Action", path + ".action", rule.path("action"), "action", List.of("Allow", "Deny", "Log", "Pass"));
        if (rule.has("ipVersion")) {
            checks.oneOf("IPVersion", path + ".ipVersion", rule.path("ipVersion"), "ipVersion", List.of("4", "6"));
        }
        protocol("Protocol", rule.path("protocol"));
        icmpFields("icmp");
        protocol("NotProtocol", rule.path("notProtocol"));
        icmpFields("notICMP");
        fields(rule.path("source"));
        fields(rule.path("destination"));
        icmp("ICMP", rule.path("icmp"));
        icmp("NotICMP", rule.path("notICMP"));
        ports("Source", rule.path("source"));
        ports("Destination", rule.path("destination"));
        versions();
        nets("Source", rule.path("source"));
        nets("Destination", rule.path("destination"));
        http();
        services("Source", rule.path("source"), !ingress);
        services("Destination", rule.path("destination"), ingress);
    }

    private void protocol(String field, JsonNode protocol) {
        if (protocol.isTextual() && !PROTOCOLS.contains(protocol.asText())) {
            checks.field(field.equals("Protocol") ? "Protocol" : "NotProtocol", protocol.asText(), "protocol name invalid");
        } else if (protocol.isNumber() && (protocol.asInt() < 1 || protocol.asInt() > 255)) {
            checks.field(field, protocol.asText(), "protocol number invalid");
        }
    }

    private void icmpFields(String field) {
        JsonNode icmp = rule.path(field);
        number(icmp, "type", "Type", field, 254);
        number(icmp, "code", "Code", field, 255);
        if (icmp.has("code") && !icmp.has("type")) {
            checks.field("Code", GoText.pointer(icmp.path("code")), "ICMP code specified without an ICMP type");
            checks.schema(path + "." + field, "ICMP code specified without an ICMP type");
        }
    }

    private void number(JsonNode icmp, String field, String name, String holder, int most) {
        JsonNode value = icmp.path(field);
        if (value.isNumber() && (value.asLong() < 0 || value.asLong() > most)) {
            String tag = value.asLong() < 0 ? "gte" : "lte";
            checks.tag(name, value, tag, never -> false);
            String at = path + "." + holder + "." + field;
            checks.schema(at, at + " in body should be " + (value.asLong() < 0 ? "greater than or equal to 0" : "less than or equal to " + most));
        }
    }

    private void fields(JsonNode entity) {
        checks.each("Nets", entity.path("nets"), "net", RuleChecks::isStrictNet);
        checks.selector("Selector", entity.path("selector"));
        checks.namespaceSelector("NamespaceSelector", entity.path("namespaceSelector"), true);
        entity.path("ports").forEach(this::port);
        checks.each("NotNets", entity.path("notNets"), "net", RuleChecks::isStrictNet);
        checks.selector("NotSelector", entity.path("notSelector"));
        entity.path("notPorts").forEach(this::port);
        checks.selector("Selector", entity.path("serviceAccounts").path("selector"));
    }

    /** A network of a rule has its mask and no bits behind it. */
    private static boolean isStrictNet(String text) {
        return Cidr.parse(text).isPresent();
    }

    private void port(JsonNode port) {
        String text = port.asText();
        if (port.isNumber() || text.matches("\\d+:\\d+")) {
            for (String number : text.split(":")) {
                if (Integer.parseInt(number) < 1 || Integer.parseInt(number) > 65_535) {
                    checks.field("Port", text, "port range invalid, port number must be between 1 and 65535");
                    return;
                }
            }
        } else if (!PORT_NAME.matcher(text).matches()) {
            checks.field("Port", text, "port name invalid, must match regex: ^" + PORT_NAME.pattern() + "$");
        }
    }

    private void icmp(String field, JsonNode icmp) {
        String protocol = rule.path("protocol").asText();
        if (!icmp.isMissingNode() && !Set.of("ICMP", "ICMPv6", "1", "58").contains(protocol)) {
            checks.field(field, GoText.struct(List.of(GoText.pointer(icmp.path("type")), GoText.pointer(icmp.path("code")))),
                    "rules that specify ICMP fields must set protocol to ICMP");
        }
    }

    private void ports(String side, JsonNode entity) {
        for (String list : List.of("ports", "notPorts")) {
            JsonNode ports = entity.path(list);
            if (ports.isEmpty()) {
                continue;
            }
            String field = side + (list.equals("ports") ? ".Ports" : ".NotPorts");
            boolean numeric = ports.valueStream().anyMatch(port -> port.isNumber() || port.asText().matches("\\d+:\\d+"));
            String protocol = rule.path("protocol").asText();
            if (entity.has("services")) {
                continue;
            }
            if (!rule.has("protocol") && numeric) {
                checks.field(field, GoText.list(ports), "rules with numeric port or port range" + PORT_PROTOCOLS);
            } else if (rule.has("protocol") && !WITH_PORTS.contains(protocol)) {
                checks.field(field, GoText.list(ports), "rules that specify ports" + PORT_PROTOCOLS);
            }
        }
    }

    private void versions() {
        String version = rule.path("ipVersion").asText();
        for (String field : List.of("protocol", "notProtocol")) {
            String protocol = rule.path(field).asText();
            if (protocol.equals("ICMP") && version.equals("6") || protocol.equals("ICMPv6") && version.equals("4")) {
                checks.field(field.equals("protocol") ? "Protocol" : "NotProtocol", protocol, "must set ipversion to " + (version.equals("6") ? "'4' with protocol ICMP" : "'6' with protocol ICMPv6"));
            }
        }
    }

    private void nets(String side, JsonNode entity) {
        boolean v4 = false;
        boolean v6 = false;
        for (String list : List.of("nets", "notNets")) {
            String field = side + (list.equals("nets") ? ".Nets" : ".NotNets");
            JsonNode nets = entity.path(list);
            for (JsonNode net : nets) {
                Optional<IpPrefix> prefix = IpPrefix.parse(net.asText());
                if (prefix.isEmpty()) {
                    checks.field(field, net.asText(), "invalid CIDR");
                    continue;
                }
                boolean isV4 = prefix.get().address().isV4();
                v4 |= isV4;
                v6 |= !isV4;
                if (list.equals("notNets") && prefix.get().length() == 0) {
                    checks.field(field, GoText.list(nets), "catch-all CIDR in negation creates logical contradiction (matches no traffic)");
                }
            }
            String version = rule.path("ipVersion").asText();
            if (v4 && version.equals("6") || v6 && version.equals("4")) {
                checks.field(field, GoText.list(nets), "rule IP version doesn't match CIDR version");
            } else if (v4 && v6) {
                checks.field(field, GoText.list(nets), "rule contains both IPv4 and IPv6 CIDRs");
            }
            if ((v4 || v6) && !version.isEmpty() || v4 && v6) {
                return;
            }
        }
    }

    private void http() {
        JsonNode http = rule.path("http");
        if (http.isMissingNode()) {
            return;
        }
        String text = GoText.struct(List.of(GoText.list(http.path("methods")), paths(http.path("paths"))));
        if (!rule.path("action").asText().equals("Allow")) {
            checks.field("HTTP", text, "only valid for Allow rules");
            checks.schema(path, "HTTP match is only valid on Allow rules");
        }
        if (rule.has("protocol") && !Set.of("TCP", "6").contains(rule.path("protocol").asText())) {
            checks.field("HTTP", text, "rules with HTTP match must set protocol to TCP or leave it unset");
        }
        for (JsonNode one : http.path("paths")) {
            if (one.has("exact") == one.has("prefix")) {
                checks.field("HTTPPath", "{" + one.path("exact").asText() + " " + one.path("prefix").asText() + "}", "must contain either an 'exact' or a 'prefix' field");
            }
        }
    }

    private static String paths(JsonNode paths) {
        return "[" + String.join(" ", paths.valueStream().map(one -> "{" + one.path("exact").asText() + " " + one.path("prefix").asText() + "}").toList()) + "]";
    }

    /** @param wrongSide where services have no meaning: they are where a connection goes to */
    private void services(String side, JsonNode entity, boolean wrongSide) {
        JsonNode services = entity.path("services");
        if (services.isMissingNode()) {
            return;
        }
        String text = GoText.struct(List.of(services.path("name").asText(), services.path("namespace").asText()));
        if (wrongSide) {
            checks.field("Services", text, "not allowed in " + (ingress ? "ingress" : "egress") + " rule " + side.toLowerCase(Locale.ROOT));
            return;
        }
        for (String list : List.of("ports", "notPorts")) {
            if (!entity.path(list).isEmpty()) {
                checks.field(side + (list.equals("ports") ? ".Ports" : ".NotPorts"), GoText.list(entity.path(list)), "cannot specify ports with a service selector");
                checks.schema(path, "ports and notPorts cannot be specified with services");
            }
        }
        for (String other : List.of("selector", "notSelector", "namespaceSelector", "nets", "notNets", "serviceAccounts")) {
            if (entity.has(other)) {
                checks.field(side + ".Services", text, "cannot specify " + other + " and services on the same rule");
            }
        }
        if (!namespaced && services.path("namespace").asText().isEmpty()) {
            checks.field(side + ".Services", text, "must specify a namespace");
        }
        if (services.path("name").asText().isEmpty()) {
            checks.field(side + ".Services", text, "must specify a service name");
        }
    }
}
