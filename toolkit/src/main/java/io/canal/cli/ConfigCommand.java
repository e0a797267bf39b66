package io.canal.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.ConfigDocument;
import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.controller.charm.CharmException;
import io.canal.controller.text.Formats;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows and sets options of an application. */
@Command(name = "config", description = "Shows the options of an application (default: canal), or one of them, or sets some.",
        mixinStandardHelpOptions = true)
final class ConfigCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--format", paramLabel = "yaml|json", defaultValue = "yaml")
    private String format = "yaml";

    @Option(names = "--reset", paramLabel = "KEY,…", split = ",", description = "Gives options their defaults again.")
    private List<String> reset = new ArrayList<>();

    @Option(names = "--timeout", defaultValue = "120s", converter = Durations.class,
            description = "How long to wait until the units have taken the change (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Parameters(paramLabel = "[APPLICATION] [KEY[=VALUE]…]")
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        UsageException.checkFormat(format, "yaml", "json");
        ModelView view = model.view();
        boolean named = !words.isEmpty() && view.applications().contains(words.getFirst());
        String application = named ? words.getFirst() : "canal";
        List<String> keys = named ? words.subList(1, words.size()) : words;
        try {
            if (reset.isEmpty() && keys.stream().noneMatch(key -> key.contains("="))) {
                show(view, application, keys);
                return 0;
            }
            return set(application, keys);
        } catch (ModelException | CharmException e) {
            System.out.println("{}");
            throw e;
        }
    }

    private void show(ModelView view, String application, List<String> keys) throws Exception {
        if (keys.size() > 1) {
            throw new UsageException("can only retrieve a single value, or all values");
        }
        if (keys.isEmpty()) {
            ObjectNode document = ConfigDocument.of(view, application);
            System.out.print((format.equals("json") ? Formats.JSON : Formats.YAML).print(document));
            return;
        }
        JsonNode value = ConfigDocument.value(view, application, keys.getFirst())
                .orElseThrow(() -> new ModelException("key \"" + keys.getFirst() + "\" not found in \"" + application
                        + "\" application config or charm settings."));
        System.out.println(value.isNull() ? "" : value.asText());
    }

    private int set(String application, List<String> keys) throws Exception {
        Map<String, String> values = new LinkedHashMap<>();
        for (String key : keys) {
            int equals = key.indexOf('=');
            if (equals <= 0) {
                throw new UsageException("cannot set and retrieve values simultaneously");
            }
            values.put(key.substring(0, equals), key.substring(equals + 1));
        }
        for (String key : reset) {
            if (values.containsKey(key)) {
                throw new UsageException("key \"" + key + "\" cannot be both set and reset in the same command");
            }
        }
        try (Model open = model.open(new Waiting())) {
            open.configure(application, values);
            open.reset(application, reset);
            return ModelOption.settle(open, timeout);
        }
    }
}
