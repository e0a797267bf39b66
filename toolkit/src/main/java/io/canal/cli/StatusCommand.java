package io.canal.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.Model;
import io.canal.controller.ModelBusyException;
import io.canal.controller.ModelView;
import io.canal.controller.StatusDocument;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows the model. */
@Command(name = "status", description = "Lets every unit look how it is (its hook update-status, which Juju runs every five minutes), and then shows the model."
        + " --no-refresh shows it at once, as it was seen last.", mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {

    /** So long a unit that waits for something is asked again: what is over by then was no more than a change that was under way. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration HOOKS = Duration.ofSeconds(120);

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--format", paramLabel = "tabular|json|yaml", defaultValue = "tabular")
    private String format = "tabular";

    @Option(names = "--timeout", converter = Durations.class,
            description = "How long to wait for units that are neither active nor blocked, and for their hooks (default: 10s, and 120s for hooks).")
    private @Nullable Duration timeout;

    @Option(names = "--no-refresh", description = "Shows what was seen last, and how old that is.")
    private boolean old;

    @Override
    public Integer call() throws Exception {
        UsageException.checkFormat(format, "tabular", "json", "yaml");
        ModelView view = old ? seenLast() : asked();
        print(StatusDocument.of(view));
        return 0;
    }

    private ModelView asked() throws Exception {
        try (Model open = model.open(new Waiting("; canal status --no-refresh shows what was seen last"))) {
            open.refreshStatuses();
            if (timeout != null) {
                open.settle(timeout);
            } else {
                open.settle(HOOKS, PATIENCE);
            }
            return open.view();
        } catch (ModelBusyException e) {
            System.err.println("NOTE " + e.getMessage());
            return seenLast();
        }
    }

    private ModelView seenLast() throws Exception {
        ModelView view = model.view();
        long age = Duration.between(view.taken(), Instant.now()).toSeconds();
        System.err.println("NOTE this is the model as it was " + age + " s ago");
        return view;
    }

    private void print(ObjectNode document) {
        switch (format) {
            case "json" -> System.out.println(GoJson.line(document));
            case "yaml" -> {
                // Juju leaves this key out of its YAML.
                for (JsonNode machine : document.path("machines")) {
                    ((ObjectNode) machine).remove("modification-status");
                }
                System.out.print(GoYaml.document(document));
            }
            default -> {
                System.out.print(StatusText.tabular(document));
                if (document.path("machines").isEmpty() && document.path("applications").isEmpty()) {
                    System.err.println("Model \"" + document.path("model").path("name").asText() + "\" is empty; " + model.filler());
                }
            }
        }
    }
}
