package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.controller.hooktool.HookContext.Relation;
import io.canal.controller.text.Formats;
import io.canal.controller.text.Trees;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The tools about relations. */
final class RelationTools {

    private static final Pattern UNIT = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*/(0|[1-9][0-9]*)");
    private static final Pattern APPLICATION = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final HookContext context;

    RelationTools(HookContext context) {
        this.context = context;
    }

    String ids(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of());
        Optional<String> endpoint = arguments.next().or(() -> context.hookRelation().map(Relation::endpoint));
        arguments.end();
        if (endpoint.isEmpty()) {
            throw ToolException.usage("no endpoint name specified");
        }
        List<String> ids = context.relations(endpoint.get()).stream()
                .map(relation -> relation.endpoint() + ":" + relation.id())
                .sorted()
                .toList();
        return HookTools.output(arguments, files, Formats.SMART, Trees.texts(ids));
    }

    String list(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("app"), "r=relation");
        Relation relation = relation(arguments);
        arguments.end();
        JsonNode value = arguments.has("app")
                ? TextNode.valueOf(relation.remoteApp())
                : Trees.texts(relation.units().stream().sorted().toList());
        return HookTools.output(arguments, files, Formats.SMART, value);
    }

    String get(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("app"), "r=relation");
        Relation relation = relation(arguments);
        String key = arguments.next().orElse("-");
        Optional<String> named = arguments.next();
        arguments.end();
        Map<String, String> bag = arguments.has("app") ? appBag(relation, named) : unitBag(relation, named);
        JsonNode value;
        if (key.equals("-")) {
            value = Trees.texts(bag);
        } else {
            value = Trees.of(bag.get(key));
        }
        return HookTools.output(arguments, files, Formats.SMART, value);
    }

    private Map<String, String> unitBag(Relation relation, Optional<String> named) throws ToolException {
        String unit = named.or(context::remoteUnit)
                .orElseThrow(() -> ToolException.usage("no unit or application specified"));
        if (!UNIT.matcher(unit).matches()) {
            throw ToolException.usage(APPLICATION.matcher(unit).matches()
                    ? "expected unit name, got application name " + Arguments.quoted(unit)
                    : "invalid unit name " + Arguments.quoted(unit));
        }
        return context.unitBag(relation.id(), unit)
                .orElseThrow(() -> ToolException.failure("relation unit not found"));
    }

    private Map<String, String> appBag(Relation relation, Optional<String> named) throws ToolException {
        String name = named.or(context::remoteUnit).orElse(relation.remoteApp());
        String application = name.contains("/") ? name.substring(0, name.indexOf('/')) : name;
        if (!APPLICATION.matcher(application).matches()) {
            throw ToolException.usage("invalid application name " + Arguments.quoted(name));
        }
        return context.appBag(relation.id(), application)
                .orElseThrow(() -> ToolException.failure("permission denied"));
    }

    String set(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments =
                Arguments.parse(args, Set.of("app"), List.of("r=relation", "file", "format"));
        Relation relation = relation(arguments);
        Map<String, String> values = KeyValues.parse(arguments.all(), arguments.value("file"), files);
        if (arguments.has("app")) {
            if (!context.isLeader()) {
                throw ToolException.failure("cannot write relation settings");
            }
            context.writeAppBag(relation.id(), values);
        } else {
            context.writeUnitBag(relation.id(), values);
        }
        return "";
    }

    String modelGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of(), "r=relation");
        relation(arguments);
        arguments.end();
        return HookTools.output(
                arguments, files, Formats.YAML, Trees.object().put("uuid", context.modelUuid()));
    }

    String goalState(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of());
        arguments.end();
        ObjectNode relations = Trees.object();
        context.goals().forEach((endpoint, sides) -> {
            ObjectNode side = relations.putObject(endpoint);
            sides.forEach((name, goal) -> side.putObject(name)
                    .put("status", goal.status())
                    .put("since", TIME.format(goal.since())));
        });
        ObjectNode goals = Trees.object();
        goals.putObject("units");
        goals.set("relations", relations);
        return HookTools.output(arguments, files, Formats.YAML, goals);
    }

    /** The relation of {@code -r}, which may be given as 3, etcd:3 or any text that ends so; else the hook's own. */
    private Relation relation(Arguments arguments) throws ToolException {
        Optional<String> named = arguments.value("relation");
        if (named.isEmpty()) {
            return context.hookRelation().orElseThrow(() -> ToolException.usage("no relation id specified"));
        }
        String text = named.get();
        String number = text.substring(text.lastIndexOf(':') + 1);
        if (number.isEmpty() || number.length() > 9 || !number.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw ToolException.usage("invalid value " + Arguments.quoted(text) + " for option -r: invalid relation id");
        }
        return context.relation(Integer.parseInt(number))
                .orElseThrow(() -> ToolException.usage(
                        "invalid value " + Arguments.quoted(text) + " for option -r: relation not found"));
    }
}
