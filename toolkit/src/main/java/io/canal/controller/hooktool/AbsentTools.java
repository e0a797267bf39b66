package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.canal.controller.text.Formats;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The tools for what Juju's controller has and ours has not: secrets, storage, a cloud's credentials, reboots. A command line is judged as
 * Juju judges it; there being no secret and no storage, most get the answer that Juju gives then, and the others one sentence.
 */
final class AbsentTools {

    private static final Pattern SECRET_URI = Pattern.compile("(secret:(//)?([0-9a-f-]{36}/)?)?[0-9a-v]{20}");
    private static final Pattern SECRET_KEY = Pattern.compile("[a-z](-?[a-z0-9]){2,}");
    private static final Set<String> ROTATIONS = Set.of("never", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly");
    private static final String NO_URI = "missing secret URI";

    private final HookContext context;

    AbsentTools(HookContext context) {
        this.context = context;
    }

    String reboot(List<String> args) throws ToolException {
        Arguments.parse(args, Set.of("now"), List.of()).end();
        throw ToolException.failure(context.actionParams().isPresent()
                ? "juju-reboot is not supported when running an action."
                : "juju-reboot is not supported by this controller: reboot the machine by canal ssh; the start hook runs when it is back");
    }

    String credential(List<String> args) throws ToolException {
        HookTools.formatted(args, Set.of()).end();
        throw ToolException.failure("cannot access cloud credentials: permission denied");
    }

    String secretIds(List<String> args, CallerFiles files) throws ToolException {
        return none(HookTools.formatted(args, Set.of()), files);
    }

    String storageList(List<String> args, CallerFiles files) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of());
        arguments.next();
        return none(arguments, files);
    }

    private static String none(Arguments arguments, CallerFiles files) throws ToolException {
        arguments.end();
        return HookTools.output(arguments, files, Formats.SMART, JsonNodeFactory.instance.arrayNode());
    }

    /** Checks a secret as Juju does before it makes one. */
    String secretAdd(List<String> args) throws ToolException {
        Arguments arguments = secretFlags(args);
        List<String> values = arguments.all();
        if (values.isEmpty() && arguments.value("file").isEmpty()) {
            throw ToolException.usage("missing secret value or filename");
        }
        for (String value : values) {
            int equals = value.indexOf('=');
            if (equals <= 0) {
                throw ToolException.usage("expected \"key=value\", got " + Arguments.quoted(value));
            }
            String key = value.substring(0, equals).replaceFirst("#(base64|file)$", "");
            if (!SECRET_KEY.matcher(key).matches()) {
                throw ToolException.usage("key " + Arguments.quoted(key) + " not valid");
            }
        }
        String owner = arguments.value("owner").orElse("application");
        if (!owner.equals("unit") && !owner.equals("application")) {
            throw ToolException.usage("secret owner " + Arguments.quoted(owner) + " not valid");
        }
        if (owner.equals("application") && !context.isLeader()) {
            throw ToolException.failure("this unit is not the leader");
        }
        throw ToolException.failure("secrets are not supported by this controller: hand the value on by relation data, or keep it in a file of the unit");
    }

    private static Arguments secretFlags(List<String> args) throws ToolException {
        Arguments arguments = Arguments.parse(args, Set.of(), List.of("owner", "label", "description", "rotate", "expire", "file"));
        Optional<String> rotate = arguments.value("rotate").filter(policy -> !ROTATIONS.contains(policy));
        if (rotate.isPresent()) {
            throw ToolException.usage("rotate policy " + Arguments.quoted(rotate.get()) + " not valid");
        }
        return arguments;
    }

    String secretGet(List<String> args) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of("peek", "refresh"), "label");
        if (arguments.has("peek") && arguments.has("refresh")) {
            throw ToolException.usage("specify one of --peek or --refresh but not both");
        }
        Optional<String> uri = arguments.next();
        arguments.next();
        arguments.end();
        throw notFound(uri, arguments.value("label"));
    }

    String secretInfoGet(List<String> args) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of(), "label");
        Optional<String> uri = arguments.next();
        arguments.end();
        throw notFound(uri, arguments.value("label"));
    }

    private static ToolException notFound(Optional<String> uri, Optional<String> label) throws ToolException {
        if (uri.isPresent()) {
            return notFound(uri.get());
        }
        return label.map(name -> ToolException.failure("consumer label " + Arguments.quoted(name) + " not found"))
                .orElseGet(() -> ToolException.usage("require either a secret URI or label"));
    }

    private static ToolException notFound(String uri) throws ToolException {
        if (!SECRET_URI.matcher(uri).matches()) {
            throw ToolException.usage("secret URI " + Arguments.quoted(uri) + " not valid");
        }
        return ToolException.failure("secret " + Arguments.quoted(uri.substring(Math.max(uri.lastIndexOf('/'), uri.lastIndexOf(':')) + 1)) + " not found");
    }

    /** secret-set, secret-remove, secret-grant and secret-revoke. */
    String secretChange(List<String> args) throws ToolException {
        List<String> options = List.of("owner", "label", "description", "rotate", "expire", "file", "revision", "app", "application=app", "unit", "r=relation");
        throw notFound(Arguments.parse(args, Set.of(), options).next().orElseThrow(() -> ToolException.usage(NO_URI)));
    }

    String storageGet(List<String> args) throws ToolException {
        Arguments arguments = HookTools.formatted(args, Set.of(), "s");
        throw ToolException.usage(arguments.value("s").map(id -> "invalid value " + Arguments.quoted(id) + " for option -s: storage not found")
                .orElse("no storage instance specified"));
    }

    /** What is wrong with it Juju says only when it commits. */
    String storageAdd(List<String> args) throws ToolException {
        List<String> directives = Arguments.parse(args, Set.of(), List.of()).all();
        if (directives.isEmpty()) {
            throw ToolException.usage("storage add requires a storage directive");
        }
        for (String directive : directives) {
            int equals = directive.indexOf('=');
            String name = equals < 0 ? directive : directive.substring(0, equals);
            if (equals >= 0 && !directive.substring(equals + 1).matches("[1-9][0-9]*")) {
                throw ToolException.usage("only count can be specified for " + Arguments.quoted(name));
            }
            context.addStorage(name);
        }
        return "";
    }
}
