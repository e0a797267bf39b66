package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.controller.hooktool.HookContext.Network;
import io.canal.controller.hooktool.HookContext.StatusValue;
import io.canal.controller.text.Formats;
import io.canal.controller.text.Trees;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tools about the unit itself: status, network, ports, its own store. */
final class UnitTools {

    private static final Set<String> STATUSES = Set.of("maintenance", "blocked", "waiting", "active");
    private static final int KEY_MAX = 256;
    private static final int VALUE_MAX = 64 * 1024;

    private final HookContext context;

    UnitTools(HookContext context) {
        this.context = context;
    }

    String statusSet(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of("application"), List.of());
        String status = arguments.next()
                .orElseThrow(() -> ToolException.usage("invalid args, require <status> [message]"));
        if (!STATUSES.contains(status)) {
            throw ToolException.usage("invalid status " + Arguments.quoted(status)
                    + ", expected one of [maintenance blocked waiting active]");
        }
        String message = arguments.next().orElse("");
        arguments.end();
        if (!arguments.has("application")) {
            context.setUnitStatus(status, message);
        } else {
            requireLeader();
            context.setApplicationStatus(status, message);
        }
        return "";
    }

    private void requireLeader() throws ToolException {
        if (!context.isLeader()) {
            throw ToolException.failure("this unit is not the leader");
        }
    }

    String statusGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("include-data", "application"));
        arguments.end();
        boolean data = arguments.has("include-data");
        if (!arguments.has("application")) {
            JsonNode value;
            if (data || arguments.value("format").filter(format -> !format.equals("smart")).isPresent()) {
                value = status(context.unitStatus(), data);
            } else {
                value = TextNode.valueOf(context.unitStatus().status());
            }
            return HookTools.output(arguments, files, Formats.SMART, value);
        }
        requireLeader();
        ObjectNode application = status(context.applicationStatus(), data);
        ObjectNode units = Trees.object();
        context.unitStatuses().forEach((unit, status) -> units.set(unit, status(status, data)));
        application.set("units", units);
        ObjectNode document = Trees.object();
        document.set("application-status", application);
        return HookTools.output(arguments, files, Formats.SMART, document);
    }

    private static ObjectNode status(StatusValue status, boolean data) {
        ObjectNode tree = Trees.object();
        if (data) {
            tree.put("message", status.message());
        }
        tree.put("status", status.status());
        if (data) {
            tree.putObject("status-data");
        }
        return tree;
    }

    String unitGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of());
        String setting = arguments.next().orElseThrow(() -> ToolException.usage("no setting specified"));
        if (!setting.equals("private-address") && !setting.equals("public-address")) {
            throw ToolException.usage("unknown setting " + Arguments.quoted(setting));
        }
        arguments.end();
        return HookTools.output(arguments, files, Formats.SMART, TextNode.valueOf(context.address()));
    }

    String networkGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(
                args,
                Set.of("bind-address", "ingress-address", "egress-subnets", "primary-address"),
                "r=relation");
        if (args.isEmpty()) {
            throw ToolException.usage("no arguments specified");
        }
        String binding = arguments.next().orElseThrow(() -> ToolException.usage("no binding name specified"));
        arguments.end();
        Network network = context.network(binding)
                .orElseThrow(() -> ToolException.failure("no network config found for binding " + Arguments.quoted(binding)));
        ObjectNode chosen = Trees.object();
        if (arguments.has("bind-address") || arguments.has("primary-address")) {
            chosen.put("bind-address", first(network));
        }
        if (arguments.has("egress-subnets")) {
            chosen.set("egress-subnets", Trees.texts(network.egress()));
        }
        if (arguments.has("ingress-address")) {
            chosen.put("ingress-address", network.ingress().isEmpty() ? "" : network.ingress().getFirst());
        }
        JsonNode value;
        if (chosen.isEmpty()) {
            value = document(network, HookTools.format(arguments, Formats.SMART) != Formats.JSON);
        } else {
            value = chosen.size() == 1 ? chosen.iterator().next() : chosen;
        }
        return HookTools.output(arguments, files, Formats.SMART, value);
    }

    private static String first(Network network) {
        return network.devices().stream()
                .flatMap(device -> device.addresses().stream())
                .map(HookContext.Address::value)
                .findFirst()
                .orElse("");
    }

    /** YAML repeats some keys under older names, JSON does not. */
    private static ObjectNode document(Network network, boolean yaml) {
        ObjectNode document = Trees.object();
        ArrayNode devices = document.putArray("bind-addresses");
        for (HookContext.Device device : network.devices()) {
            ObjectNode tree = devices.addObject();
            tree.put("mac-address", device.mac()).put("interface-name", device.name());
            ArrayNode addresses = tree.putArray("addresses");
            for (HookContext.Address address : device.addresses()) {
                ObjectNode one = addresses.addObject();
                one.put("hostname", address.value()).put("value", address.value()).put("cidr", address.cidr());
                if (yaml) {
                    one.put("address", address.value());
                }
            }
            if (yaml) {
                tree.put("macaddress", device.mac()).put("interfacename", device.name());
            }
        }
        if (!network.egress().isEmpty()) {
            document.set("egress-subnets", Trees.texts(network.egress()));
        }
        if (!network.ingress().isEmpty()) {
            document.set("ingress-addresses", Trees.texts(network.ingress()));
        }
        return document;
    }

    String applicationVersionSet(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of());
        String version = arguments.next().orElseThrow(() -> ToolException.usage("no version specified"));
        arguments.end();
        context.setApplicationVersion(version);
        return "";
    }

    String port(List<String> args, boolean open) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of("endpoints", "format"));
        String range = arguments.next().orElseThrow(() -> ToolException.usage("no port or range specified"));
        arguments.end();
        List<String> endpoints = arguments.value("endpoints")
                .filter(list -> !list.equals("*"))
                .map(list -> List.of(list.split(",")))
                .orElse(List.of());
        if (open) {
            context.openPort(range, endpoints);
        } else {
            context.closePort(range, endpoints);
        }
        return "";
    }

    String openedPorts(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("endpoints"));
        arguments.end();
        List<String> lines = context.openPorts().stream()
                .map(ports -> !arguments.has("endpoints")
                        ? ports.range()
                        : ports.range() + " ("
                                + (ports.endpoints().isEmpty() ? "*" : String.join(", ", ports.endpoints())) + ")")
                .toList();
        return HookTools.output(arguments, files, Formats.SMART, Trees.texts(lines));
    }

    String stateGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("strict"));
        String key = arguments.next().orElse("-");
        arguments.end();
        Map<String, String> store = context.store();
        if (key.equals("-")) {
            return HookTools.output(arguments, files, Formats.SMART, Trees.texts(store));
        }
        if (arguments.has("strict") && !store.containsKey(key)) {
            throw ToolException.failure(Arguments.quoted(key) + " not found");
        }
        return HookTools.output(arguments, files, Formats.SMART, Trees.of(store.get(key)));
    }

    String stateSet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of("file"));
        Map<String, String> values = KeyValues.parse(arguments.all(), arguments.value("file"), files);
        for (Map.Entry<String, String> entry : values.entrySet()) {
            if (entry.getKey().length() > KEY_MAX || entry.getValue().length() > VALUE_MAX) {
                throw ToolException.failure("state key " + Arguments.quoted(entry.getKey()) + " has "
                        + entry.getValue().length() + " bytes, allowed are keys of " + KEY_MAX + " and values of " + VALUE_MAX);
            }
        }
        values.forEach((key, value) -> context.writeStore(key, Optional.of(value)));
        return "";
    }

    String stateDelete(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of());
        Optional<String> key = arguments.next();
        arguments.end();
        key.ifPresent(name -> context.writeStore(name, Optional.empty()));
        return "";
    }
}
