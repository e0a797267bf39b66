package io.canal.controller.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The packed charm keeps the rules of Juju 3 and 4 as far as they are known: both read every charm again at upload and deploy. */
@Tag("packed")
final class PackedCharmRulesIT {

    private static final long LARGEST = 150L << 20;

    private static Path file;
    private static Charm charm;

    @BeforeAll
    static void read() throws Exception {
        try (Stream<Path> target = Files.list(Path.of("../charm/target"))) {
            file = target.filter(one -> one.toString().endsWith(".charm")).findFirst()
                    .orElseThrow(() -> new IOException("charm/target/canal_<arch>.charm is missing: mvn package packs it"));
        }
        charm = Charm.read(file);
    }

    private static JsonNode yaml(String name) throws Exception {
        return Trees.yaml(charm.archive().text(name).orElseThrow());
    }

    @Test
    void the_metadata_is_of_the_second_format() throws Exception {
        JsonNode metadata = yaml("metadata.yaml");
        for (String old : List.of("series", "deployment", "min-juju-version", "format", "revision", "extra-bindings", "payloads")) {
            assertFalse(metadata.has(old), old);
        }
        for (String needed : List.of("name", "summary", "description")) {
            assertTrue(metadata.path(needed).isTextual(), needed);
        }
        assertTrue(metadata.path("summary").asText().length() < 72, "charm proof warns of longer ones");
        assertEquals("canal", charm.name());
        assertTrue(charm.isSubordinate());
        assertEquals("kubernetes-cni", metadata.path("requires").path("cni").path("interface").asText());
        assertEquals("container", metadata.path("requires").path("cni").path("scope").asText());
        assertEquals("etcd", metadata.path("requires").path("etcd").path("interface").asText());
        JsonNode old = metadata.path("provides").path("nrpe-external-master");
        assertEquals("container", old.path("scope").asText(), "an endpoint of the old charm that may be in use when it is refreshed");
        assertTrue(metadata.path("assumes").valueStream().allMatch(one -> one.asText().matches("[a-z][a-z0-9-]*[a-z0-9] (>=|<) [0-9.]+")));
    }

    @Test
    void its_names_are_names_for_juju() throws Exception {
        JsonNode metadata = yaml("metadata.yaml");
        for (String role : List.of("requires", "provides", "peers")) {
            metadata.path(role).propertyStream().map(Map.Entry::getKey)
                    .forEach(name -> assertTrue(name.matches("[a-z][a-z0-9]*([_-][a-z0-9]+)*") && !name.startsWith("juju"), name));
        }
        charm.actions().keySet().forEach(name -> assertTrue(name.matches("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?") && !name.startsWith("juju"), name));
    }

    @Test
    void the_manifest_has_the_bases_that_both_versions_serve() throws Exception {
        Set<String> bases = new TreeSet<>();
        for (JsonNode base : yaml("manifest.yaml").path("bases")) {
            assertEquals("ubuntu", base.path("name").asText());
            assertTrue(base.path("architectures").valueStream().allMatch(arch -> Set.of("amd64", "arm64", "ppc64el", "s390x", "riscv64").contains(arch.asText())));
            assertFalse(base.path("architectures").isEmpty());
            bases.add(base.path("channel").asText());
        }
        assertEquals(Set.of("22.04", "24.04"), bases);
    }

    @Test
    void every_option_has_a_type_and_a_default_of_it() throws Exception {
        JsonNode options = yaml("config.yaml").path("options");
        assertFalse(options.isEmpty());
        options.properties().forEach(option -> {
            String type = option.getValue().path("type").asText();
            assertTrue(Set.of("string", "int", "float", "boolean").contains(type), option.getKey());
            JsonNode fallback = option.getValue().path("default");
            assertTrue(switch (type) {
                case "int" -> fallback.isIntegralNumber();
                case "float" -> fallback.isNumber();
                case "boolean" -> fallback.isBoolean();
                default -> fallback.isTextual();
            }, option.getKey() + " defaults to " + fallback);
            assertFalse(option.getValue().path("description").asText().isEmpty(), option.getKey());
        });
    }

    @Test
    void every_action_says_whether_it_takes_other_parameters_and_refers_to_no_other_schema() throws Exception {
        yaml("actions.yaml").properties().forEach(action -> {
            // Juju 3 lets them pass where nothing is said, Juju 4 does not.
            assertTrue(action.getValue().path("additionalProperties").isBoolean(), action.getKey());
            assertFalse(action.getValue().toString().contains("\"$ref\"") || action.getValue().toString().contains("\"$schema\""), action.getKey());
            action.getValue().path("params").properties().forEach(param -> {
                assertTrue(Set.of("string", "integer", "number", "boolean", "object", "array").contains(param.getValue().path("type").asText()), param.getKey());
                assertFalse(Set.of("true", "false").contains(param.getKey()), "a key that YAML 1.1 takes for a boolean must be quoted");
            });
            assertTrue(charm.archive().members().contains("actions/" + action.getKey()), action.getKey());
        });
    }

    @Test
    void members_are_files_folders_and_links_of_plain_modes_inside_the_charm() throws Exception {
        for (Member member : ZipDirectory.read(file)) {
            String name = member.name();
            assertFalse(name.startsWith("/") || List.of(name.split("/")).contains("..") || name.contains("\\"), name);
            assertTrue(switch (member.kind()) {
                case FILE -> member.mode() == 0644 || member.mode() == 0755;
                case FOLDER -> member.mode() == 0755;
                case LINK -> member.mode() == 0777;
            }, () -> name + " has mode " + Integer.toOctalString(member.mode()));
            assertFalse(name.matches("(revision|version|\\.juju-charm|\\.git.*|build/.*|.*\\.jujuignore)"), () -> name + " is Juju's own, or left out by it");
        }
        assertTrue(charm.hasDispatch());
        assertTrue(Files.size(file) < LARGEST, () -> file + " is larger than what was seen to deploy");
    }

    @Test
    void the_rules_would_see_a_charm_that_breaks_them() {
        assertThrows(CharmException.class, () -> Metadata.parse("name: a\nsummary: b\ndescription: c\nseries: [jammy]\nassumes: [juju >= 3.1]\n",
                Optional.of("bases: [{name: ubuntu, channel: \"22.04\"}]")));
        assertThrows(CharmException.class, () -> Metadata.parse("name: a\nsummary: b\ndescription: c\n", Optional.empty()));
        assertThrows(CharmException.class, () -> Metadata.parse("name: a\nsummary: b\ndescription: c\nsubordinate: true\nprovides:\n  x: {interface: y, scope: container}\n",
                Optional.of("bases: [{name: ubuntu, channel: \"22.04\"}]")));
    }
}
