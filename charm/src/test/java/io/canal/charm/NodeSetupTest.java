package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What hooks put on a node besides the agent's configuration. */
class NodeSetupTest {

    @TempDir
    private Path folder;

    private FakeNode node;

    @BeforeEach
    void begin() throws IOException {
        node = new FakeNode(folder);
    }

    @Test
    void install_puts_the_program_the_unit_and_the_cni_client_in_place() throws IOException {
        node.hook("install");
        assertEquals("java of " + "a".repeat(24), node.text("opt/canal/current/runtime/bin/java"));
        assertTrue(Files.isExecutable(node.paths.at("opt/canal/current/runtime/bin/java")));
        assertEquals("client of " + "a".repeat(24), node.text("opt/cni/bin/calico"));
        assertTrue(Files.isExecutable(node.paths.at("opt/cni/bin/calico")));
        assertTrue(node.text("etc/systemd/system/canal-agent.service").contains("ExecStart=/opt/canal/current/runtime/bin/java @java.args"));
        assertTrue(node.text("etc/systemd/network/10-canal.link").contains("MACAddressPolicy=none"));
        assertEquals("canal/0\n", node.text("etc/canal/unit"));
        assertEquals(List.of("systemctl daemon-reload", "systemctl enable --quiet canal-agent.service"), node.asked.subList(4, 6));
        assertEquals("1.0.0", node.juju.version());
    }

    @Test
    void who_manages_networks_is_told_before_there_is_a_device_of_ours_and_what_others_told_him_stays() throws IOException {
        node.hook("install");
        assertEquals(List.of("systemctl is-active --quiet systemd-networkd.service", "systemctl reload systemd-networkd.service",
                "systemctl is-active --quiet NetworkManager.service", "systemctl reload NetworkManager.service"), node.asked.subList(0, 4));
        assertTrue(node.text("etc/NetworkManager/conf.d/zz-canal.conf").contains("\nunmanaged-devices+=interface-name:cali*;"));
    }

    @Test
    void a_file_of_a_version_before_goes_and_who_read_it_is_told() throws IOException {
        node.hook("install");
        String former = "etc/NetworkManager/conf.d/10-canal.conf";
        node.write(former, "[keyfile]\nunmanaged-devices+=interface-name:cali*\n");
        node.asked.clear();
        node.hook("upgrade-charm");
        assertFalse(Files.exists(node.paths.at(former)));
        assertTrue(node.asked.contains("systemctl reload NetworkManager.service"), node.asked.toString());
    }

    @Test
    void what_calicos_documentation_has_users_tell_network_manager_comes_before_ours_which_adds_to_it() throws IOException {
        node.write("etc/NetworkManager/conf.d/calico.conf", "[keyfile]\nunmanaged-devices=interface-name:cali*;interface-name:tunl*\n");
        node.hook("install");
        try (Stream<Path> files = Files.list(node.paths.at("etc/NetworkManager/conf.d"))) {
            List<Path> read = files.sorted().toList();
            assertEquals(2, read.size());
            assertTrue(Files.readString(read.getLast()).contains("unmanaged-devices+="), "what a later file sets replaces what an earlier one adds");
        }
    }

    @Test
    void our_commands_are_called_calicoctl_where_there_is_no_other() throws IOException {
        Path link = node.paths.at("usr/local/bin/calicoctl");
        node.hook("install");
        assertEquals(Path.of("/opt/canal/current/bin/calicoctl"), Files.readSymbolicLink(link));
        Files.delete(link);
        Files.createDirectories(node.paths.at("usr/bin"));
        Files.writeString(node.paths.at("usr/bin/calicoctl"), "another");
        node.hook("install");
        assertFalse(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void install_again_changes_nothing() throws IOException {
        node.hook("install");
        node.asked.clear();
        node.hook("install");
        assertEquals(List.of("systemctl enable --quiet canal-agent.service"), node.asked);
    }

    @Test
    void a_foreign_cni_client_and_real_units_are_kept_aside() throws IOException {
        node.write("opt/cni/bin/calico", "Calico's own");
        node.write("etc/systemd/system/flannel.service", "flanneld");
        node.hook("install");
        assertEquals("Calico's own", node.text("opt/cni/bin/calico.before-canal"));
        assertEquals("flanneld", node.text("etc/systemd/system/flannel.service.before-canal"));
        assertTrue(node.asked.contains("systemctl disable --now --quiet flannel.service"), node.asked::toString);
    }

    /** What starts the agent beside its unit starts one that was stopped. */
    @Test
    void nothing_but_the_unit_itself_starts_the_agent_again() throws IOException {
        node.write("etc/systemd/system/canal-agent-again.service", "as the version before had it");
        node.hook("install");
        try (Stream<Path> units = Files.list(node.paths.at("etc/systemd/system"))) {
            assertEquals(List.of("canal-agent.service"), units.filter(Files::isRegularFile).map(unit -> unit.getFileName().toString()).toList());
        }
        assertFalse(node.text("etc/systemd/system/canal-agent.service").contains("OnFailure"));
    }
}
