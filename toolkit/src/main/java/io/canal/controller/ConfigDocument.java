package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.Option;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeMap;

/** An application's options as the document that {@code juju config --format json} prints. */
public final class ConfigDocument {

    private ConfigDocument() {}

    /** The document of an application. */
    public static ObjectNode of(ModelView view, String application) throws IOException, ModelException {
        ApplicationState state = application(view, application);
        Charm charm = view.charms().get(state.digest);
        ObjectNode document = Trees.object();
        document.put("application", application);
        document.putObject("application-config")
                .putObject("trust")
                .put("default", false)
                .put("description", "Does this application have access to trusted credentials")
                .put("source", "default")
                .put("type", "bool")
                .put("value", false);
        document.put("charm", state.charmName);
        ObjectNode settings = document.putObject("settings");
        new TreeMap<>(charm.options()).forEach((name, option) -> settings.set(name, option(option, state)));
        return document;
    }

    private static ObjectNode option(Option option, ApplicationState state) {
        ObjectNode document = Trees.object();
        JsonNode set = state.settings.get(option.name());
        if (!option.fallback().isNull()) {
            document.set("default", option.fallback());
        }
        document.put("description", option.description());
        document.put("source", set != null ? "user" : option.fallback().isNull() ? "unset" : "default");
        document.put("type", option.type());
        JsonNode value = set == null ? option.fallback() : set;
        if (!value.isNull()) {
            document.set("value", value);
        }
        return document;
    }

    /** The value of one option; a null node when it has none; empty when there is no such option. */
    public static Optional<JsonNode> value(ModelView view, String application, String option)
            throws IOException, ModelException {
        ApplicationState state = application(view, application);
        Option declared = view.charms().get(state.digest).options().get(option);
        if (declared == null) {
            return Optional.empty();
        }
        return Optional.of(state.settings.getOrDefault(option, declared.fallback()));
    }

    private static ApplicationState application(ModelView view, String name) throws ModelException {
        ApplicationState state = view.state().applications.get(name);
        if (state == null) {
            throw new ModelException("application \"" + name + "\" not found");
        }
        return state;
    }
}
