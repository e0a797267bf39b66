package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** What docs/ tells operators to type: actions and options that there are, with parameters and values that they take. */
class RecipesTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern ACTION = Pattern.compile("juju run canal(?:/[0-9N]+)? ([a-z-]+)((?: [a-z-]+=\\S+)*)");
    private static final Pattern CONFIG = Pattern.compile("juju config canal ((?:[a-z-]+=[^\\s`…]+ ?)+)");

    @Test
    void every_action_in_the_docs_can_be_run() throws IOException {
        Map<?, ?> actions = yaml("actions.yaml");
        List<String> checked = new ArrayList<>();
        for (String page : pages()) {
            Matcher recipe = ACTION.matcher(page);
            while (recipe.find()) {
                assertTrue(actions.get(recipe.group(1)) instanceof Map<?, ?>, recipe.group());
                Map<?, ?> action = (Map<?, ?>) actions.get(recipe.group(1));
                Map<?, ?> known = action.get("params") instanceof Map<?, ?> map ? map : Map.of();
                for (String parameter : recipe.group(2).strip().split(" ")) {
                    String name = parameter.replaceAll("=.*", "");
                    assertTrue(name.isEmpty() || known.containsKey(name), recipe.group());
                }
                checked.add(recipe.group());
            }
        }
        assertTrue(checked.contains("juju run canal/0 repair-subnets accept-etcd=true"), checked.toString());
        assertTrue(checked.contains("juju run canal/0 release-lease subnet=10.1.49.0/24"), checked.toString());
    }

    @Test
    void every_option_in_the_docs_takes_the_value_that_is_given_there() throws IOException {
        Map<?, ?> options = (Map<?, ?>) yaml("config.yaml").get("options");
        int checked = 0;
        for (String page : pages()) {
            Matcher recipe = CONFIG.matcher(page);
            while (recipe.find()) {
                ObjectNode config = Json.object();
                for (String setting : recipe.group(1).strip().split(" ")) {
                    String[] words = setting.split("=", 2);
                    assertTrue(options.containsKey(words[0]), recipe.group());
                    config.put(words[0], words[1]);
                }
                assertInstanceOf(CharmOptions.Result.Good.class, CharmOptions.of(config), recipe.group());
                checked++;
            }
        }
        assertTrue(checked >= 2, "the docs set options");
    }

    @Test
    void the_defaults_of_the_options_are_good() throws IOException {
        Map<?, ?> options = (Map<?, ?>) yaml("config.yaml").get("options");
        ObjectNode config = Json.object();
        options.forEach((name, option) -> config.put(name.toString(), String.valueOf(((Map<?, ?>) option).get("default"))));
        assertEquals(CharmOptions.of(Json.object()), CharmOptions.of(config));
    }

    private static Map<?, ?> yaml(String file) throws IOException {
        return new Yaml().load(Files.readString(ROOT.resolve(file)));
    }

    private static List<String> pages() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            List<String> pages = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                pages.add(Files.readString(file));
            }
            return pages;
        }
    }
}
