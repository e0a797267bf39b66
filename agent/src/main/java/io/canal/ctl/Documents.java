package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.schema.Malformed;
import io.canal.ctl.schema.Schema;
import io.canal.model.calico.Kind;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The documents that a user gives, from a file, a folder or standard input. */
final class Documents {

    /**
     * A resource as its document says it.
     *
     * @param converted whether it was made from a NetworkPolicy of Kubernetes
     */
    record Given(Kind kind, ObjectNode json, boolean converted) {}

    /** Makes Calico's policy of one of Kubernetes. */
    interface KubernetesPolicies {
        ObjectNode convert(ObjectNode policy) throws Refused;
    }

    private static final Set<String> SUFFIXES = Set.of(".yaml", ".yml", ".json");

    private final Schema schema;
    private final KubernetesPolicies kubernetes;

    Documents(Schema schema, KubernetesPolicies kubernetes) {
        this.schema = schema;
        this.kubernetes = kubernetes;
    }

    /**
     * All resources of what {@code --filename} names.
     *
     * @throws Malformed where a document does not have the form of its kind
     */
    List<Given> read(String filename, boolean recursive, Surroundings world) throws Refused, Malformed, IOException {
        List<Given> all = new ArrayList<>();
        if (filename.equals("-")) {
            addAll(all, world.input());
            return all;
        }
        Path path = world.folder().resolve(filename);
        for (Path file : Files.isDirectory(path) ? files(path, recursive) : List.of(path)) {
            try {
                addAll(all, Files.readString(file));
            } catch (NoSuchFileException missing) {
                throw new Refused("open " + filename + ": no such file or directory");
            } catch (CharacterCodingException garbage) {
                throw new Refused("error converting YAML to JSON: yaml: " + filename + " has bytes that are no UTF-8");
            } catch (AccessDeniedException denied) {
                throw new Refused("open " + filename + ": permission denied");
            }
        }
        return all;
    }

    private static List<Path> files(Path folder, boolean recursive) throws IOException {
        try (Stream<Path> files = Files.walk(folder, recursive ? Integer.MAX_VALUE : 1)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> SUFFIXES.stream().anyMatch(suffix -> file.toString().endsWith(suffix)))
                    .sorted()
                    .toList();
        }
    }

    private void addAll(List<Given> all, String text) throws Refused, Malformed {
        for (JsonNode document : YamlDocuments.read(text)) {
            add(all, document);
        }
    }

    private void add(List<Given> all, JsonNode document) throws Refused, Malformed {
        if (document.isArray()) {
            for (JsonNode element : document) {
                if (!element.isObject()) {
                    throw json(Schema.word(element), "map[string]interface {}");
                }
                add(all, element);
            }
            return;
        }
        if (!(document instanceof ObjectNode object) || object.path("kind").asText().isEmpty()) {
            throw json(Schema.word(document), "[]unstructured.Unstructured");
        }
        String title = object.path("kind").asText();
        String version = object.path("apiVersion").asText();
        if (version.equals("networking.k8s.io/v1") && title.equals("NetworkPolicy")) {
            all.add(new Given(Kind.NETWORK_POLICY, schema.read(Kind.NETWORK_POLICY, kubernetes.convert(object), false), true));
        } else if (title.endsWith("List") && object.path("items").isArray() && (!version.equals("v1") || !title.equals("List"))) {
            for (JsonNode item : object.path("items")) {
                add(all, item);
            }
        } else {
            Kind kind = KindNames.ofDocument(title, version);
            all.add(new Given(kind, schema.read(kind, object, false), false));
        }
    }

    private static Refused json(String what, String type) {
        return new Refused("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " + what + " into Go value of type " + type);
    }
}
