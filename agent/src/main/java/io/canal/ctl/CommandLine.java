package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.Documents.Given;
import io.canal.ctl.schema.Malformed;
import io.canal.ctl.schema.Schema;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.store.EtcdSettings;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What {@code calicoctl}, or {@code canal} for these commands, does. */
public final class CommandLine {

    /** The commands that are here. */
    public static final Set<String> COMMANDS = Set.of("get", "apply", "create", "replace", "patch", "delete", "label", "validate", "version", "why");

    /** Whose data model is spoken. */
    static final String VERSION = "v3.32.1";

    private static final Set<String> FILE = Set.of("filename", "recursive", "skip-empty");
    private static final Map<String, Set<String>> OPTIONS = Map.of(
            "get", with(FILE, "output", "all-namespaces", "export"),
            "apply", FILE,
            "create", with(FILE, "skip-exists"),
            "replace", FILE,
            "patch", Set.of("patch", "type"),
            "delete", with(FILE, "skip-not-exists"),
            "label", Set.of("overwrite", "remove"),
            "validate", FILE,
            "version", Set.of("client"),
            "why", Set.of());

    private final Surroundings world;
    private final Client.Validator validator;
    private final Documents documents;
    private final Schema schema = new Schema();

    CommandLine(Surroundings world, Client.Validator validator, Documents.KubernetesPolicies kubernetes) {
        this.world = world;
        this.validator = validator;
        this.documents = new Documents(schema, kubernetes);
    }

    private static Set<String> with(Set<String> names, String... more) {
        Set<String> all = new LinkedHashSet<>(names);
        all.addAll(List.of(more));
        return Set.copyOf(all);
    }

    /** Runs one command; the exit code. */
    int run(List<String> arguments) {
        List<String> rest = new ArrayList<>(arguments);
        List<String> global = new ArrayList<>();
        while (!rest.isEmpty() && rest.getFirst().startsWith("-")) {
            String option = rest.removeFirst();
            if (option.equals("-h") || option.equals("--help")) {
                world.out().print(Usage.all());
                return 0;
            }
            global.add(option);
            if ((option.equals("-l") || option.equals("--log-level") || option.equals("--context")) && !rest.isEmpty()) {
                global.add(rest.removeFirst());
            }
        }
        if (rest.isEmpty()) {
            world.err().print(Usage.all());
            return 1;
        }
        String command = rest.removeFirst();
        if (!COMMANDS.contains(command)) {
            world.err().print("unknown command: \"" + command + "\"\n" + Usage.all() + "\n");
            return 1;
        }
        rest.addAll(0, global);
        try {
            Line line = Line.parse(rest, OPTIONS.getOrDefault(command, Set.of()));
            if (line.has("help")) {
                world.out().print(Usage.of(command));
                return 0;
            }
            return run(command, line);
        } catch (Line.Wrong wrong) {
            world.err().print(Usage.of(command));
            return 1;
        } catch (Refused refused) {
            boolean toOut = refused.text().startsWith("Failed to create Calico API client") || refused.text().startsWith("Error reading config file");
            (toOut ? world.out() : world.err()).println(refused.text());
            return 1;
        } catch (StoreException | IOException failure) {
            world.err().println(failure.getMessage());
            return 1;
        }
    }

    private int run(String command, Line line) throws Line.Wrong, Refused, StoreException, IOException {
        switch (command) {
            case "validate" -> {
                return validate(line);
            }
            case "version" -> {
                return version(line);
            }
            default -> {
                Call call = call(command, line);
                try (Store store = open(line)) {
                    Client client = new Client(store, schema, validator, world);
                    return command.equals("why") ? why(call, client, store, line) : guarded(call, client, line);
                }
            }
        }
    }

    private int guarded(Call call, Client client, Line line) throws Refused, StoreException, IOException {
        guardVersion(client, line, call.command());
        return run(call, client, line);
    }

    /** Where etcd does not answer, what this node's kernel does can be told all the same. */
    private int why(Call call, Client client, Store store, Line line) throws Refused {
        String source = call.rest().getFirst();
        String destination = call.rest().getLast();
        try {
            guardVersion(client, line, call.command());
            return Why.answer(client, store, world, source, destination);
        } catch (StoreException away) {
            return Why.withoutEtcd(world, source, destination, String.valueOf(away.getMessage()));
        }
    }

    private Store open(Line line) throws Refused, IOException {
        EtcdSettings settings = new Settings(world).etcd(line.value("config"));
        return world.etcd().apply(settings);
    }

    /** What a command is about: resources of a file, or of one kind by their names. */
    private record Call(String command, Optional<String> file, String word, List<String> names, List<String> rest) {}

    private Call call(String command, Line line) throws Line.Wrong {
        Optional<String> file = line.value("filename");
        List<String> words = line.words();
        boolean takesKind = Set.of("get", "delete", "patch", "label").contains(command);
        boolean fits = switch (command) {
            case "get", "delete" -> file.isPresent() == words.isEmpty();
            case "patch" -> words.size() == 2 && line.value("patch").isPresent();
            case "why" -> words.size() == 2 && file.isEmpty();
            case "label" -> words.size() == 3 && (line.has("remove") != words.get(2).contains("=")) && !(line.has("remove") && line.has("overwrite"));
            default -> file.isPresent() && words.isEmpty();
        };
        if (!fits) {
            throw new Line.Wrong();
        }
        if (command.equals("why")) {
            return new Call(command, file, "", List.of(), words);
        }
        if (!takesKind || words.isEmpty()) {
            return new Call(command, file, "", List.of(), List.of());
        }
        int names = command.equals("label") ? 2 : words.size();
        return new Call(command, file, words.getFirst(), words.subList(1, names), words.subList(names, words.size()));
    }

    private int run(Call call, Client client, Line line) throws Refused, StoreException, IOException {
        return switch (call.command()) {
            case "get" -> get(call, client, line);
            case "delete" -> delete(call, client, line);
            case "patch" -> new Patching(client, schema, world).patch(KindNames.of(call.word()), namespace(line, call.word()), call.names().getFirst(),
                    line.value("patch").orElse(""));
            case "label" -> new Labelling(client, world).label(KindNames.of(call.word()), call.word(), namespace(line, call.word()),
                    call.names().getFirst(), call.rest().getFirst(), line.has("remove"), line.has("overwrite"));
            default -> write(call.command(), client, line);
        };
    }

    private static String namespace(Line line, String word) throws Refused {
        Kind kind = KindNames.of(word);
        if (!kind.namespaced()) {
            if (line.value("namespace").isPresent()) {
                throw new Refused(kind.title() + " is not namespaced");
            }
            return "";
        }
        return line.value("namespace").orElse("default");
    }

    private void guardVersion(Client client, Line line, String command) throws Refused, StoreException {
        if (line.has("allow-version-mismatch")) {
            return;
        }
        String cluster = clusterVersion(client);
        if (cluster != null && !bare(cluster).equals(bare(VERSION))) {
            throw new Refused((command.equals("get") ? "failed to get resources: " : "") + "version mismatch.\nClient Version:   " + VERSION
                    + "\nCluster Version:  " + bare(cluster) + "\nUse --allow-version-mismatch to override");
        }
    }

    /** The first question; etcd is asked twice, since a slow machine is not done with its first connection when the time for an answer is up. */
    private static @Nullable String clusterVersion(Client client) throws StoreException {
        try {
            return client.clusterVersion();
        } catch (StoreException late) {
            if (late.kind() != StoreException.Kind.UNAVAILABLE) {
                throw late;
            }
            return client.clusterVersion();
        }
    }

    private static String bare(String version) {
        String number = version.startsWith("v") ? version.substring(1) : version;
        int dash = number.indexOf('-');
        return dash < 0 ? number : number.substring(0, dash);
    }

    private int version(Line line) throws Refused, IOException {
        world.out().println("Client Version:    " + VERSION + "\nGit commit:        " + VERSION);
        if (line.has("client")) {
            return 0;
        }
        try (Store store = open(line)) {
            Client client = new Client(store, schema, validator, world);
            JsonNode spec = client.get(Kind.CLUSTER_INFORMATION, "", "default").resource().spec();
            world.out().println("Cluster Version:   " + spec.path("calicoVersion").asText("unknown") + "\nCluster Type:      " + spec.path("clusterType").asText("unknown"));
            return 0;
        } catch (Refused | StoreException failure) {
            world.err().println("unable to retrieve Cluster Version or Type: " + failure.getMessage());
            return 1;
        }
    }

    // ---- documents ---------------------------------------------------------------------------------------------------------------

    /** The documents of a file, each with its namespace. */
    private List<Given> given(Line line) throws Refused, IOException {
        try {
            return documents.read(line.value("filename").orElse(""), line.has("recursive"), world);
        } catch (Malformed malformed) {
            throw new Refused(malformed.isUnknownField() ? String.valueOf(malformed.getMessage()) : "failed to execute command: " + malformed.getMessage());
        } catch (Refused refused) {
            throw new Refused("failed to execute command: " + refused.text());
        }
    }

    /** Puts the namespace in that a document or the command line says. */
    private static void place(Given given, Line line) throws Refused {
        ObjectNode metadata = given.json().get("metadata") instanceof ObjectNode there ? there : given.json().putObject("metadata");
        String own = metadata.path("namespace").asText();
        Optional<String> wanted = line.value("namespace");
        if (!given.kind().namespaced()) {
            if (!own.isEmpty()) {
                throw new Refused("namespace should not be specified for a non-namespaced resource. " + given.kind().title() + " is not a namespaced resource");
            }
            return;
        }
        if (!own.isEmpty() && wanted.isPresent() && !own.equals(wanted.get())) {
            throw new Refused("resource namespace does not match client namespace. " + own + " != " + wanted.get());
        }
        if (own.isEmpty()) {
            metadata.put("namespace", wanted.orElse("default"));
        }
    }

    private int write(String command, Client client, Line line) throws Refused, StoreException, IOException {
        String verb = command.equals("apply") ? "applied" : command + "d";
        Handled handled = new Handled(command, verb);
        List<Given> all = given(line);
        if (all.isEmpty()) {
            return nothing(line);
        }
        for (Given one : all) {
            handled.count(one.kind());
            try {
                place(one, line);
                switch (command) {
                    case "create" -> {
                        try {
                            client.create(one.kind(), one.json(), one.converted());
                        } catch (Refused refused) {
                            if (!refused.isExisting() || !line.has("skip-exists")) {
                                throw refused;
                            }
                        }
                    }
                    case "apply" -> client.apply(one.kind(), one.json(), one.converted());
                    default -> client.update(one.kind(), one.json(), one.converted());
                }
                handled.done();
            } catch (Refused refused) {
                handled.failed(refused.text());
            } catch (StoreException failure) {
                handled.failed(String.valueOf(failure.getMessage()));
            }
        }
        return handled.report(world);
    }

    private int validate(Line line) throws Line.Wrong, Refused, IOException {
        call("validate", line);
        Handled handled = new Handled("validate", "validated");
        List<Given> all = given(line);
        if (all.isEmpty()) {
            return nothing(line);
        }
        Client offline = new Client(new NoStore(), schema, validator, world);
        for (Given one : all) {
            handled.count(one.kind());
            try {
                place(one, line);
                offline.validate(one.kind(), one.json());
                handled.done();
            } catch (Refused refused) {
                handled.failed(refused.text());
            }
        }
        return handled.report(world);
    }

    private int nothing(Line line) throws Refused {
        if (line.has("skip-empty")) {
            world.out().println("No resources specified");
            return 0;
        }
        String file = line.value("filename").orElse("");
        boolean folder = Files.isDirectory(world.folder().resolve(file));
        throw new Refused("no resources specified in " + (folder ? "directory " : "file ") + file);
    }

    private int delete(Call call, Client client, Line line) throws Refused, StoreException, IOException {
        Handled handled = new Handled("delete", "deleted");
        if (call.file().isPresent()) {
            List<Given> all = given(line);
            if (all.isEmpty()) {
                return nothing(line);
            }
            for (Given one : all) {
                try {
                    place(one, line);
                    delete(handled, client, one.kind(), one.json().path("metadata").path("namespace").asText(),
                            one.json().path("metadata").path("name").asText(), one.converted(), line);
                } catch (Refused refused) {
                    handled.count(one.kind());
                    handled.failed(refused.text());
                }
            }
        } else {
            String namespace = namespace(line, call.word());
            for (String name : call.names().isEmpty() ? List.of("") : call.names()) {
                delete(handled, client, KindNames.of(call.word()), namespace, name, false, line);
            }
        }
        return handled.report(world);
    }

    private static void delete(Handled handled, Client client, Kind kind, String namespace, String name, boolean converted, Line line)
            throws StoreException {
        handled.count(kind);
        try {
            client.delete(kind, namespace, name, converted);
            handled.done();
        } catch (Refused refused) {
            if (refused.isMissing() && line.has("skip-not-exists")) {
                handled.done();
            } else {
                handled.failed(refused.text());
            }
        }
    }

    // ---- get ---------------------------------------------------------------------------------------------------------------------

    private int get(Call call, Client client, Line line) throws Refused, StoreException, IOException {
        if (line.value("namespace").isPresent() && line.has("all-namespaces")) {
            throw new Refused("cannot use both --namespace and --all-namespaces flags at the same time");
        }
        List<Found> found = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        if (call.file().isPresent()) {
            List<Given> all = given(line);
            if (all.isEmpty()) {
                return nothing(line);
            }
            for (Given one : all) {
                try {
                    place(one, line);
                    JsonNode metadata = one.json().path("metadata");
                    found.add(one(client, one.kind(), metadata.path("namespace").asText(), metadata.path("name").asText(), line));
                } catch (Refused refused) {
                    errors.add(refused.text());
                }
            }
        } else {
            Kind kind = kind(call.word());
            if (!kind.namespaced() && (line.value("namespace").isPresent() || line.has("all-namespaces"))) {
                throw new Refused(kind.title() + " is not namespaced");
            }
            if (call.names().isEmpty()) {
                Optional<String> namespace = !kind.namespaced() || line.has("all-namespaces") ? Optional.empty()
                        : Optional.of(line.value("namespace").orElse("default"));
                Client.Listed listed = client.list(kind, namespace);
                listed.problems().forEach(problem -> world.err().println("left out, because it cannot be read: " + problem.sentence()));
                found.add(new Found(kind, listed.resources().stream().map(one -> one.shown(schema)).toList(), Optional.of(listed.revision())));
            }
            for (String name : call.names()) {
                try {
                    found.add(one(client, kind, kind.namespaced() ? line.value("namespace").orElse("default") : "", name, line));
                } catch (Refused refused) {
                    errors.add(refused.text());
                }
            }
        }
        String format = line.value("output").orElse("ps");
        if (!found.isEmpty() || errors.isEmpty()) {
            boolean namespaces = line.value("namespace").isPresent() || line.has("all-namespaces");
            world.out().print(new Output(found, namespaces, asNumber(client)).print(format, world));
        }
        errors.forEach(error -> world.err().println(error));
        return errors.isEmpty() ? 0 : 1;
    }

    private static Kind kind(String word) throws Refused {
        try {
            return KindNames.of(word);
        } catch (Refused refused) {
            throw new Refused("failed to get resources: " + refused.text());
        }
    }

    private Found one(Client client, Kind kind, String namespace, String name, Line line) throws Refused, StoreException {
        ObjectNode shown = client.get(kind, namespace, name).shown(schema);
        if (line.has("export")) {
            shown.set("metadata", Defaults.metadata(shown.path("metadata"), true));
        }
        return new Found(kind, List.of(shown), Optional.empty());
    }

    /** The AS number of nodes that have none of their own. */
    private static String asNumber(Client client) {
        try {
            return client.get(Kind.BGP_CONFIGURATION, "", "default").resource().spec().path("asNumber").asText("64512");
        } catch (Refused absent) {
            return "64512";
        } catch (StoreException failure) {
            return "unknown";
        }
    }

    /**
     * What one word of a {@code get} has found.
     *
     * @param revision of the listing, where it was one
     */
    record Found(Kind kind, List<ObjectNode> resources, Optional<Long> revision) {

        /** The document: the resource itself, or the list. */
        ObjectNode document() {
            if (revision.isEmpty()) {
                return resources.getFirst();
            }
            ObjectNode list = Json.object().put("kind", kind.title() + "List").put("apiVersion", "projectcalico.org/v3");
            list.putObject("metadata").put("resourceVersion", Long.toString(revision.get()));
            resources.forEach(list.putArray("items")::add);
            return list;
        }
    }

    /** The tree with its maps sorted, as Go writes maps. */
    static JsonNode sorted(JsonNode node) {
        if (node.isObject()) {
            TreeMap<String, JsonNode> fields = new TreeMap<>();
            node.properties().forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
            ObjectNode object = Json.object();
            fields.forEach(object::set);
            return object;
        }
        if (node.isArray()) {
            var list = Json.object().putArray("list");
            node.forEach(child -> list.add(sorted(child)));
            return list;
        }
        return node;
    }
}
