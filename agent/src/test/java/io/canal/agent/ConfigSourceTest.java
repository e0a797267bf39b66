package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.config.AgentConfig;
import io.canal.model.Decoded;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigSourceTest {

    @TempDir
    Path folder;

    private ConfigSource source() {
        return new ConfigSource(folder.resolve("agent.yaml"), folder);
    }

    @Test
    void a_damaged_file_at_start_leaves_the_last_good_one_in_force() throws IOException {
        Files.writeString(folder.resolve("agent.yaml"), "mtu: 1400");
        assertEquals(1400, source().first().config().mtu());
        Files.writeString(folder.resolve("agent.yaml"), "mtu: lots");
        ConfigSource.First first = source().first();
        assertEquals(1400, first.config().mtu());
        assertTrue(first.problem().orElseThrow().sentence().contains("mtu is \"lots\""));
    }

    @Test
    void what_is_no_text_is_said_to_be_none_and_is_replaced_where_it_is_ours() throws IOException {
        Files.write(folder.resolve("agent.yaml"), new byte[] {(byte) 0xff, 1});
        assertEquals("bytes that are no text", source().first().problem().orElseThrow().found());
        Files.write(folder.resolve("agent.yaml.good"), new byte[] {(byte) 0xff, 1});
        Files.writeString(folder.resolve("agent.yaml"), "mtu: 1400");
        source().first();
        Files.writeString(folder.resolve("agent.yaml"), "mtu: lots");
        assertEquals(1400, source().first().config().mtu());
    }

    @Test
    void without_any_file_the_defaults_are_in_force_and_the_file_is_named() {
        ConfigSource.First first = source().first();
        assertEquals(AgentConfig.defaults(), first.config());
        assertEquals(folder.resolve("agent.yaml").toString(), first.problem().orElseThrow().where());
    }

    @Test
    void arguments_are_read_or_refused_with_the_usage() {
        Arguments arguments = Arguments.parse("--root", "/tmp/x", "--train").orThrow();
        assertEquals(Path.of("/tmp/x"), arguments.root());
        assertEquals(Arguments.Mode.TRAIN, arguments.mode());
        assertInstanceOf(Decoded.Bad.class, Arguments.parse("--root"));
        assertInstanceOf(Decoded.Bad.class, Arguments.parse("--rot", "x"));
    }

    @Test
    void the_nodename_is_the_option_else_calicos_else_the_hosts() throws IOException {
        NodePaths paths = new NodePaths(folder);
        assertEquals("told", HostFacts.nodename("told", paths));
        assertEquals(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip().toLowerCase(java.util.Locale.ROOT), HostFacts.nodename("", paths));
        Files.createDirectories(paths.calicoNodename().getParent());
        Files.writeString(paths.calicoNodename(), "calico-said\n");
        assertEquals("calico-said", HostFacts.nodename("", paths));
    }
}
