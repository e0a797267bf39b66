package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.canal.ctl.CommandLine.Found;
import io.canal.model.Json;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/** What {@code get} prints, in the format of {@code --output}. */
record Output(List<Found> found, boolean namespaces, String asNumber) {

    String print(String format, Surroundings world) throws Refused, IOException {
        int equals = format.indexOf('=');
        String name = equals < 0 ? format : format.substring(0, equals);
        String rest = equals < 0 ? "" : format.substring(equals + 1);
        return switch (name) {
            case "ps", "wide" -> tables(name.equals("wide"));
            case "yaml" -> GoYaml.document(CommandLine.sorted(documents()));
            case "json" -> GoJson.indented(documents());
            case "custom-columns" -> {
                StringBuilder text = new StringBuilder();
                for (Found one : found) {
                    text.append(new Tables(asNumber).custom(one.kind(), one.resources(), List.of(rest.split(","))));
                }
                yield text.toString();
            }
            case "go-template" -> new GoTemplate(rest, asNumber).print(list());
            case "go-template-file" -> new GoTemplate(Files.readString(world.folder().resolve(rest)), asNumber).print(list());
            default -> throw new Refused("unrecognized output format '" + format + "'");
        };
    }

    private String tables(boolean wide) {
        StringBuilder text = new StringBuilder();
        found.forEach(one -> text.append(new Tables(asNumber).print(one.kind(), one.resources(), wide, namespaces)));
        return text.toString();
    }

    private JsonNode documents() {
        return found.size() == 1 ? found.getFirst().document() : list();
    }

    private ArrayNode list() {
        ArrayNode list = Json.object().putArray("list");
        found.forEach(one -> list.add(one.document()));
        return list;
    }
}
