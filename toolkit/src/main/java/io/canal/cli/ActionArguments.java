package io.canal.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.controller.text.Trees;
import java.util.List;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.error.YAMLException;

/** Parameters of actions as a user writes them: {@code key.key=value}, the value being YAML. */
final class ActionArguments {

    private static final Pattern KEY = Pattern.compile("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");

    private ActionArguments() {}

    /**
     * The parameters of some arguments, put over those of a file.
     *
     * @param literal whether values are texts, not YAML
     */
    static ObjectNode parse(ObjectNode fromFile, List<String> arguments, boolean literal) throws UsageException {
        ObjectNode params = fromFile.deepCopy();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals <= 0) {
                throw new UsageException("argument \"" + argument + "\" must be of the form key.key.key...=value");
            }
            String[] keys = argument.substring(0, equals).split("\\.", -1);
            ObjectNode at = params;
            for (int i = 0; i < keys.length; i++) {
                if (!KEY.matcher(keys[i]).matches()) {
                    throw new UsageException("key \"" + keys[i] + "\" must start and end with lowercase alphanumeric, and"
                            + " contain only lowercase alphanumeric and hyphens");
                }
                if (i < keys.length - 1) {
                    JsonNode child = at.get(keys[i]);
                    at = child instanceof ObjectNode object ? object : at.putObject(keys[i]);
                }
            }
            at.set(keys[keys.length - 1], value(argument.substring(equals + 1), literal));
        }
        return params;
    }

    private static JsonNode value(String text, boolean literal) throws UsageException {
        if (literal) {
            return TextNode.valueOf(text);
        }
        try {
            return Trees.yaml(text);
        } catch (YAMLException e) {
            throw new UsageException("value \"" + text + "\" is no YAML: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }
}
