package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.canal.controller.text.Formats;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** All hook tools, for one run of a hook. One call at a time, as in Juju. */
public final class HookTools {

    /** The names of all tools: each is a link on a unit's PATH. */
    public static final Set<String> NAMES = new TreeSet<>(List.of(
            "action-fail", "action-get", "action-log", "action-set", "application-version-set", "close-port",
            "config-get", "credential-get", "goal-state", "is-leader", "juju-log", "juju-reboot", "network-get",
            "open-port", "opened-ports", "relation-get", "relation-ids", "relation-list", "relation-model-get",
            "relation-set", "resource-get", "secret-add", "secret-get", "secret-grant", "secret-ids",
            "secret-info-get", "secret-remove", "secret-revoke", "secret-set", "state-delete", "state-get",
            "state-set", "status-get", "status-set", "storage-add", "storage-get", "storage-list", "unit-get"));

    private static final String[] FORMATTED = {"format", "o=output"};

    private final HookContext context;
    private final RelationTools relations;
    private final UnitTools units;
    private final ActionTools actions;
    private final AbsentTools absent;

    public HookTools(HookContext context) {
        this.context = context;
        this.relations = new RelationTools(context);
        this.units = new UnitTools(context);
        this.actions = new ActionTools(context);
        this.absent = new AbsentTools(context);
    }

    /** Runs a tool. */
    public synchronized ToolReply call(String tool, List<String> args, CallerFiles files) {
        if (NAMES.contains(tool) && Arguments.askForHelp(args)) {
            return ToolReply.printed("Usage: " + tool + " [options]" + ToolWords.of(tool) + "\n");
        }
        try {
            return ToolReply.printed(run(tool, args, files));
        } catch (ToolException e) {
            return new ToolReply(e.code(), "", "ERROR " + e.getMessage() + "\n");
        }
    }

    private String run(String tool, List<String> args, CallerFiles files) throws ToolException {
        return switch (tool) {
            case "config-get" -> configGet(args, files);
            case "relation-ids" -> relations.ids(args, files);
            case "relation-list" -> relations.list(args, files);
            case "relation-get" -> relations.get(args, files);
            case "relation-set" -> relations.set(args, files);
            case "relation-model-get" -> relations.modelGet(args, files);
            case "goal-state" -> relations.goalState(args, files);
            case "status-set" -> units.statusSet(args);
            case "status-get" -> units.statusGet(args, files);
            case "unit-get" -> units.unitGet(args, files);
            case "network-get" -> units.networkGet(args, files);
            case "is-leader" -> isLeader(args, files);
            case "application-version-set" -> units.applicationVersionSet(args);
            case "open-port" -> units.port(args, true);
            case "close-port" -> units.port(args, false);
            case "opened-ports" -> units.openedPorts(args, files);
            case "state-get" -> units.stateGet(args, files);
            case "state-set" -> units.stateSet(args, files);
            case "state-delete" -> units.stateDelete(args);
            case "resource-get" -> resourceGet(args);
            case "juju-log" -> jujuLog(args);
            case "action-get" -> actions.get(args, files);
            case "action-set" -> actions.set(args);
            case "action-fail" -> actions.fail(args);
            case "action-log" -> actions.log(args);
            case "juju-reboot" -> absent.reboot(args);
            case "credential-get" -> absent.credential(args);
            case "secret-ids" -> absent.secretIds(args, files);
            case "secret-add" -> absent.secretAdd(args);
            case "secret-get" -> absent.secretGet(args);
            case "secret-info-get" -> absent.secretInfoGet(args);
            case "secret-set", "secret-remove", "secret-grant", "secret-revoke" -> absent.secretChange(args);
            case "storage-list" -> absent.storageList(args, files);
            case "storage-get" -> absent.storageGet(args);
            case "storage-add" -> absent.storageAdd(args);
            default -> throw ToolException.failure("bad request: unknown command: " + tool);
        };
    }

    private String configGet(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = formatted(args.stream().map(a -> a.equals("-a") ? "--all" : a).toList(), Set.of("all"));
        Optional<String> key = arguments.next();
        if (arguments.has("all") && key.isPresent()) {
            throw ToolException.usage("cannot use argument --all together with key " + Arguments.quoted(key.get()));
        }
        arguments.end();
        if (key.isPresent()) {
            JsonNode value = context.settings().get(key.get());
            return output(arguments, files, Formats.SMART, value == null ? JsonNodeFactory.instance.nullNode() : value);
        }
        var map = JsonNodeFactory.instance.objectNode();
        context.settings().forEach((name, value) -> {
            if (arguments.has("all") || !value.isNull()) {
                map.set(name, value);
            }
        });
        return output(arguments, files, Formats.SMART, map);
    }

    private String isLeader(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = formatted(args, Set.of());
        arguments.end();
        return output(arguments, files, Formats.SMART, JsonNodeFactory.instance.booleanNode(context.isLeader()));
    }

    private String resourceGet(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of());
        String name = arguments.next().orElseThrow(() -> ToolException.usage("missing required resource name"));
        arguments.end();
        return context.resource(name);
    }

    private String jujuLog(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of("debug"), List.of("l=log-level", "format"));
        List<String> words = arguments.all();
        if (words.isEmpty()) {
            throw ToolException.usage("no message specified");
        }
        String wanted = arguments.value("log-level").orElse("INFO");
        String level = switch (wanted.toUpperCase(Locale.ROOT)) {
            case "TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" -> wanted.toUpperCase(Locale.ROOT);
            case "WARN" -> "WARNING";
            default -> {
                context.log("WARNING", "Specified log level of \"" + wanted + "\" is not valid");
                yield "INFO";
            }
        };
        String prefix = context.hookRelation().map(r -> r.endpoint() + ":" + r.id() + ": ").orElse("");
        context.log(arguments.has("debug") ? "DEBUG" : level, prefix + String.join(" ", words));
        return "";
    }

    static Arguments formatted(List<String> args, Set<String> flags, String... options) throws ToolException {
        List<String> all = new ArrayList<>(List.of(FORMATTED));
        all.addAll(List.of(options));
        Arguments arguments = Arguments.parse(args, flags, all);
        format(arguments, Formats.SMART);
        return arguments;
    }

    static Formats format(Arguments arguments, Formats fallback) throws ToolException {
        Optional<String> wanted = arguments.value("format");
        if (wanted.isEmpty()) {
            return fallback;
        }
        return switch (wanted.get()) {
            case "smart" -> Formats.SMART;
            case "yaml" -> Formats.YAML;
            case "json" -> Formats.JSON;
            default -> throw ToolException.usage("invalid value \"" + wanted.get()
                    + "\" for option --format: unknown format \"" + wanted.get() + "\"");
        };
    }

    /** What the tool prints: the value, or nothing when it went to the file of {@code --output}. */
    static String output(Arguments arguments, CallerFiles files, Formats fallback, JsonNode value)
            throws ToolException {
        String text = format(arguments, fallback).print(value);
        Optional<String> file = arguments.value("output");
        if (file.isEmpty()) {
            return text;
        }
        files.write(file.get(), text.getBytes(StandardCharsets.UTF_8));
        return "";
    }
}
