package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/** Documents of YAML, and so of JSON, as go-yaml reads them: {@code 10:20} and {@code 2026-11-25} are texts. */
final class YamlDocuments {

    private static final Pattern SEPARATOR = Pattern.compile("(?m)^---(?:[ \\t].*)?$");

    private YamlDocuments() {}

    /** The documents of a text, empty ones left out. */
    static List<JsonNode> read(String text) throws Refused {
        List<JsonNode> documents = new ArrayList<>();
        for (String part : SEPARATOR.split(text)) {
            JsonNode document = one(part);
            if (!document.isNull()) {
                documents.add(document);
            }
        }
        return documents;
    }

    /** One document; null where there is nothing in the text. */
    static JsonNode one(String text) throws Refused {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(Integer.MAX_VALUE);
        try {
            return tree(new Yaml(new SafeConstructor(options), new Representer(new DumperOptions()), new DumperOptions(), options, new GoResolver())
                    .load(text));
        } catch (MarkedYAMLException malformed) {
            int line = malformed.getProblemMark() == null ? 0 : malformed.getProblemMark().getLine() + 1;
            // At the end of the text go-yaml names its last line.
            line = Math.min(line, (int) text.stripTrailing().lines().count());
            throw new Refused("error converting YAML to JSON: yaml: line " + line + ": " + words(String.valueOf(malformed.getProblem())));
        } catch (StackOverflowError endless) {
            throw new Refused("error converting YAML to JSON: yaml: nested too deeply, or an anchor whose value contains itself");
        } catch (YAMLException malformed) {
            throw new Refused("error converting YAML to JSON: yaml: " + String.valueOf(malformed.getMessage()).lines().findFirst().orElse("it cannot be read"));
        }
    }

    /** The problems that users meet, in the words of go-yaml. */
    private static String words(String problem) {
        if (problem.startsWith("expected the node content")) {
            return "did not find expected node content";
        }
        if (problem.startsWith("expected <block end>")) {
            return "did not find expected key";
        }
        if (problem.startsWith("expected ',' or")) {
            return "did not find expected ',' or '" + problem.charAt(problem.indexOf(" or '") + 5) + "'";
        }
        if (problem.contains("'\\t'")) {
            return "found character that cannot start any token";
        }
        return problem;
    }

    private static JsonNode tree(@Nullable Object value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (value) {
            case null -> nodes.nullNode();
            case Boolean flag -> nodes.booleanNode(flag);
            case Integer number -> nodes.numberNode(number.intValue());
            case Long number -> nodes.numberNode(number);
            case Double number -> nodes.numberNode(number);
            case BigInteger number -> nodes.numberNode(number);
            case Map<?, ?> map -> {
                ObjectNode object = nodes.objectNode();
                map.forEach((key, child) -> object.set(String.valueOf(key), tree(child)));
                yield object;
            }
            case Collection<?> list -> {
                ArrayNode array = nodes.arrayNode();
                list.forEach(child -> array.add(tree(child)));
                yield array;
            }
            default -> nodes.textNode(String.valueOf(value));
        };
    }

    /** Which plain words are no texts. */
    private static final class GoResolver extends Resolver {

        private static final Pattern WHOLE = Pattern.compile("[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0x[0-9a-fA-F_]+|0b[0-1_]+)");
        private static final Pattern FLOATING =
                Pattern.compile("[-+]?(?:[0-9][0-9_]*\\.[0-9_]*|\\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)");

        @Override
        protected void addImplicitResolvers() {
            addImplicitResolver(Tag.BOOL, BOOL, "yYnNtTfFoO");
            addImplicitResolver(Tag.INT, WHOLE, "-+0123456789");
            addImplicitResolver(Tag.FLOAT, FLOATING, "-+0123456789.");
            addImplicitResolver(Tag.MERGE, MERGE, "<");
            addImplicitResolver(Tag.NULL, NULL, "~nN\0");
            addImplicitResolver(Tag.NULL, EMPTY, null);
        }
    }
}
