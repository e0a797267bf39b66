package io.canal.controller.charm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A charm that keeps Juju 4's rules. */
public final class Charm {

    private static final Pattern APPLICATION = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*");

    private final CharmArchive archive;
    private final Metadata metadata;
    private final Map<String, Option> options;
    private final Map<String, ActionSpec> actions;
    private final String version;

    private Charm(
            CharmArchive archive,
            Metadata metadata,
            Map<String, Option> options,
            Map<String, ActionSpec> actions,
            String version) {
        this.archive = archive;
        this.metadata = metadata;
        this.options = options;
        this.actions = actions;
        this.version = version;
    }

    /**
     * Reads a {@code .charm} file.
     *
     * @throws CharmException with Juju's sentence about the first rule that it breaks
     */
    public static Charm read(Path file) throws IOException, CharmException {
        return of(CharmArchive.open(file));
    }

    /** Reads a file whose SHA-256 is known. */
    public static Charm read(Path file, String digest) throws IOException, CharmException {
        return of(CharmArchive.open(file, digest));
    }

    private static Charm of(CharmArchive archive) throws IOException, CharmException {
        String text = archive.text("metadata.yaml")
                .orElseThrow(() -> new CharmException("archive file \"metadata.yaml\" not found"));
        Metadata metadata = Metadata.parse(text, archive.text("manifest.yaml"));
        if (!hasProgram(archive.members())) {
            throw new CharmException("invalid charm \"" + metadata.name() + "\": has no hooks nor dispatch file");
        }
        Optional<String> config = archive.text("config.yaml");
        Optional<String> actions = archive.text("actions.yaml");
        return new Charm(
                archive,
                metadata,
                config.isPresent() ? options(config.get()) : Map.of(),
                actions.isPresent() ? ActionSpec.parse(actions.get()) : Map.of(),
                archive.text("version").map(Charm::versionLine).orElse(""));
    }

    private static boolean hasProgram(Set<String> members) {
        return members.stream().anyMatch(member -> member.contains("dispatch")
                || member.startsWith("hooks/") && member.indexOf('/', "hooks/".length()) < 0);
    }

    private static String versionLine(String text) {
        String line = text.lines().findFirst().orElse("").strip();
        String plain = line.startsWith("revision-id: ") ? line.substring("revision-id: ".length()) : line;
        return plain.length() > 100 ? plain.substring(0, 100) : plain;
    }

    private static Map<String, Option> options(String text) throws CharmException {
        YamlFile file = YamlFile.parse("config.yaml", text);
        if (file.isEmpty()) {
            throw new CharmException("invalid config: empty configuration");
        }
        Map<String, Option> options = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : file.map("options").entrySet()) {
            String name = entry.getKey();
            if (!(entry.getValue() instanceof Map<?, ?> spec)) {
                throw new CharmException("invalid config: option \"" + name + "\" is no map");
            }
            String type = spec.get("type") == null ? "string" : String.valueOf(spec.get("type"));
            if (type.equals("integer")) {
                type = "int";
            }
            if (!Option.TYPES.contains(type)) {
                throw new CharmException("invalid config: option \"" + name + "\" has unknown type \"" + type + "\"");
            }
            Object fallback = spec.get("default");
            Object description = spec.get("description");
            options.put(name, new Option(name, type, description == null ? "" : String.valueOf(description),
                    fallback == null
                            ? com.fasterxml.jackson.databind.node.NullNode.getInstance()
                            : Option.fallback(name, type, fallback)));
        }
        return Map.copyOf(options);
    }

    /** Whether a text can name an application. */
    public static boolean isApplicationName(String name) {
        return APPLICATION.matcher(name).matches();
    }

    public CharmArchive archive() {
        return archive;
    }

    public String name() {
        return metadata.name();
    }

    public boolean isSubordinate() {
        return metadata.subordinate();
    }

    /** The endpoints by name, {@code juju-info} included. */
    public Map<String, EndpointSpec> endpoints() {
        return metadata.endpoints();
    }

    public Map<String, Option> options() {
        return options;
    }

    public Map<String, ActionSpec> actions() {
        return actions;
    }

    /** The file name that each resource of type file has on a host. */
    public Map<String, String> resources() {
        return metadata.resources();
    }

    /** The bases of the manifest, such as {@code ubuntu@24.04}. */
    public List<String> bases() {
        return metadata.bases();
    }

    /** What the charm says of its own version; empty when it says nothing. */
    public String version() {
        return version;
    }

    /** Whether one {@code dispatch} takes every hook and action. */
    public boolean hasDispatch() {
        return archive.members().contains("dispatch");
    }
}
