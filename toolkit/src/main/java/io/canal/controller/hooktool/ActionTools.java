package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Formats;
import io.canal.controller.text.Trees;
import java.util.List;
import java.util.Map;
import java.util.LinkedHashMap;
import java.util.Set;
import java.util.regex.Pattern;

/** The tools of actions. */
final class ActionTools {

    private static final Pattern KEY = Pattern.compile("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");
    private static final Set<String> RESERVED = Set.of("stdout", "stdout-encoding", "stderr", "stderr-encoding");

    private final HookContext context;

    ActionTools(HookContext context) {
        this.context = context;
    }

    private ObjectNode params() throws ToolException {
        return context.actionParams().orElseThrow(() -> ToolException.failure("not running an action"));
    }

    String get(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of());
        String key = arguments.next().orElse("");
        arguments.end();
        JsonNode value = Trees.sorted(params());
        if (!key.isEmpty()) {
            for (String part : key.split("\\.")) {
                JsonNode child = value.get(part);
                value = child == null ? Trees.of(null) : child;
            }
        }
        return HookTools.output(arguments, files, Formats.SMART, value);
    }

    String set(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of());
        Map<List<String>, String> results = new LinkedHashMap<>();
        for (String argument : arguments.all()) {
            int equals = argument.indexOf('=');
            if (equals <= 0) {
                throw ToolException.usage(
                        "argument " + Arguments.quoted(argument) + " must be of the form key...=value");
            }
            List<String> keys = List.of(argument.substring(0, equals).split("\\.", -1));
            if (RESERVED.contains(keys.getFirst())) {
                throw ToolException.usage("cannot set reserved action key " + Arguments.quoted(keys.getFirst()));
            }
            for (String key : keys) {
                if (!KEY.matcher(key).matches()) {
                    throw ToolException.usage("key " + Arguments.quoted(key)
                            + " must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric"
                            + " and hyphens");
                }
            }
            results.put(keys, argument.substring(equals + 1));
        }
        params();
        results.forEach(context::setActionResult);
        return "";
    }

    String fail(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of());
        String message = arguments.next()
                .orElse("action failed without reason given, check action for errors");
        arguments.end();
        params();
        context.failAction(message);
        return "";
    }

    String log(List<String> args) throws ToolException {
        List<String> words = Arguments.parse(args, Set.of(), List.of()).all();
        if (words.isEmpty()) {
            throw ToolException.usage("no message specified");
        }
        params();
        context.logAction(String.join(" ", words));
        return "";
    }
}
