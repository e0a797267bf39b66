package io.canal.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.ModelView;
import io.canal.controller.StatusDocument;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A model's status as the table that {@code juju status} prints. */
final class StatusText {

    private static final int VERSION_MAX = 15;
    private static final int MESSAGE_MAX = 120;

    private StatusText() {}

    static String tabular(ModelView view) throws IOException {
        return tabular(StatusDocument.of(view));
    }

    /** The table of a status document. */
    static String tabular(ObjectNode document) {
        JsonNode model = document.path("model");
        TextTable head = new TextTable("Model", "Controller", "Cloud/Region", "Version", "Timestamp")
                .row(
                        model.path("name").asText(),
                        model.path("controller").asText(),
                        model.path("cloud").asText(),
                        model.path("version").asText(),
                        document.path("controller").path("timestamp").asText());
        List<String> tables = new ArrayList<>(List.of(head.toString()));
        for (TextTable table : List.of(applications(document), units(document), machines(document))) {
            if (!table.isEmpty()) {
                tables.add(table.toString());
            }
        }
        return String.join("\n", tables);
    }

    private static TextTable applications(JsonNode document) {
        TextTable table = new TextTable("App", "Version", "Status", "Scale", "Charm", "Channel", "Rev", "Exposed", "Message")
                .right(3)
                .right(6);
        for (Map.Entry<String, JsonNode> entry : document.path("applications").properties()) {
            JsonNode application = entry.getValue();
            JsonNode status = application.path("application-status");
            table.row(
                    entry.getKey(),
                    cut(application.path("version").asText(), VERSION_MAX),
                    status.path("current").asText(),
                    scale(document, entry.getKey()),
                    application.path("charm-name").asText(),
                    "",
                    application.path("charm-rev").asText(),
                    application.path("exposed").asBoolean() ? "yes" : "no",
                    message(status));
        }
        return table;
    }

    /** The number of units, and how many of them are there when some are lost. */
    private static String scale(JsonNode document, String application) {
        List<JsonNode> units = new ArrayList<>();
        units(document, (name, unit) -> {
            if (name.startsWith(application + "/")) {
                units.add(unit);
            }
        });
        long there = units.stream()
                .filter(unit -> !unit.path("juju-status").path("current").asText().equals("lost"))
                .count();
        return there == units.size() ? Long.toString(there) : there + "/" + units.size();
    }

    private interface UnitVisitor {
        void visit(String name, JsonNode unit);
    }

    private static void units(JsonNode document, UnitVisitor visitor) {
        for (JsonNode application : document.path("applications")) {
            for (Map.Entry<String, JsonNode> unit : application.path("units").properties()) {
                visitor.visit(unit.getKey(), unit.getValue());
                unit.getValue().path("subordinates").properties().forEach(sub -> visitor.visit(sub.getKey(), sub.getValue()));
            }
        }
    }

    private static TextTable units(JsonNode document) {
        TextTable table = new TextTable("Unit", "Workload", "Agent", "Machine", "Public address", "Ports", "Message");
        for (JsonNode application : document.path("applications")) {
            for (Map.Entry<String, JsonNode> unit : application.path("units").properties()) {
                unit(table, "", unit.getKey(), unit.getValue());
                for (Map.Entry<String, JsonNode> sub : unit.getValue().path("subordinates").properties()) {
                    unit(table, "  ", sub.getKey(), sub.getValue());
                }
            }
        }
        return table;
    }

    private static void unit(TextTable table, String indent, String name, JsonNode unit) {
        JsonNode agent = unit.path("juju-status");
        String running = agent.path("message").asText();
        String prefix = "";
        if (agent.path("current").asText().equals("executing")) {
            prefix = "(" + running.replaceFirst("^running (action )?", "").replaceFirst(" hook.*$", "") + ") ";
        }
        table.row(
                indent + name + (unit.path("leader").asBoolean() ? "*" : ""),
                unit.path("workload-status").path("current").asText(),
                agent.path("current").asText(),
                unit.path("machine").asText(),
                unit.path("public-address").asText(),
                ports(unit.path("open-ports")),
                cut(prefix + message(unit.path("workload-status")), MESSAGE_MAX));
    }

    /** {@code 9098,9100-9110/tcp 8472/udp}. */
    private static String ports(JsonNode open) {
        Map<String, List<String>> byProtocol = new TreeMap<>();
        for (JsonNode range : open) {
            String[] parts = range.asText().split("/", 2);
            byProtocol.computeIfAbsent(parts.length == 2 ? parts[1] : "", protocol -> new ArrayList<>()).add(parts[0]);
        }
        List<String> groups = new ArrayList<>();
        byProtocol.forEach((protocol, ranges) ->
                groups.add(String.join(",", ranges) + (protocol.isEmpty() ? "" : "/" + protocol)));
        return String.join(" ", groups);
    }

    private static TextTable machines(JsonNode document) {
        TextTable table = new TextTable("Machine", "State", "Address", "Inst id", "Base", "AZ", "Message");
        for (Map.Entry<String, JsonNode> entry : document.path("machines").properties()) {
            JsonNode machine = entry.getValue();
            JsonNode base = machine.path("base");
            table.row(
                    entry.getKey(),
                    machine.path("juju-status").path("current").asText(),
                    machine.path("dns-name").asText(),
                    machine.path("instance-id").asText(),
                    base.isMissingNode() ? "" : base.path("name").asText() + "@" + base.path("channel").asText(),
                    "",
                    machine.path("juju-status").has("message")
                            ? machine.path("juju-status").path("message").asText()
                            : machine.path("machine-status").path("message").asText());
        }
        return table;
    }

    private static String message(JsonNode status) {
        return status.path("message").asText().replace('\n', ' ');
    }

    private static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest - 3) + "...";
    }
}
