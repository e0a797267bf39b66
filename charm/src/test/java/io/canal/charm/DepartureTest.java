package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Teardowns as they were seen with real Juju, each with hooks missing. */
class DepartureTest {

    private static final String[] ETCD_DEPARTED = {"JUJU_RELATION_ID", "etcd:1", "JUJU_REMOTE_UNIT", "etcd/0", "JUJU_DEPARTING_UNIT", "canal/0"};
    private static final String[] ETCD_BROKEN = {"JUJU_RELATION_ID", "etcd:1"};
    private static final String[] CNI_BROKEN = {"JUJU_RELATION_ID", "cni:2"};

    @TempDir
    private Path folder;

    private FakeNode node;
    private List<String> before = List.of();

    @BeforeEach
    void begin() throws IOException {
        node = new FakeNode(folder);
        node.write("opt/cni/bin/calico", "Calico's own");
        node.write("opt/cni/bin/host-local", "the principal's");
        node.write("lib/systemd/system/flannel.service", "flanneld");
        node.write("opt/calicoctl/etcd-key", "another charm's key");
        Files.createDirectories(node.paths.at("etc/NetworkManager/conf.d"));
        before = node.tree();
        node.connect();
        node.write("etc/cni/net.d/10-canal.conflist", "{}");
        node.write("run/flannel/subnet.env", "");
        node.write("var/lib/canal/node-id", "");
        node.asked.clear();
    }

    @Test
    void stop_alone_leaves_the_node_as_it_was() throws IOException {
        node.hook("stop");
        assertEquals(before, node.tree());
        assertTrue(node.asked.containsAll(List.of("leave", "systemctl disable --quiet canal-agent.service")), node.asked::toString);
    }

    @Test
    void units_that_ran_before_run_again_and_folders_that_were_there_stay() throws IOException {
        node.hook("stop");
        assertTrue(node.asked.containsAll(List.of("systemctl enable --quiet flannel.service", "systemctl start --no-block flannel.service")), node.asked::toString);
        assertTrue(Files.isDirectory(node.paths.at("etc/NetworkManager/conf.d")));
        assertEquals("another charm's key", node.text("opt/calicoctl/etcd-key"));
    }

    @Test
    void of_a_unit_whose_folder_is_gone_nothing_is_left_on_the_node_when_somebody_asks() throws IOException {
        Machine machine = node.machine();
        NodeFile.remove(node.charmDir);
        Departure.ofAbandoned(machine).clear();
        assertEquals(before, node.tree());
        assertTrue(node.asked.containsAll(List.of("leave", "systemctl disable --quiet canal-agent.service")), node.asked::toString);
    }

    @Test
    void remove_alone_leaves_the_node_as_it_was() throws IOException {
        node.hook("remove");
        assertEquals(before, node.tree());
    }

    @Test
    void cni_broken_alone_leaves_the_node_as_it_was() throws IOException {
        node.hook("cni-relation-broken", CNI_BROKEN);
        assertEquals(before, node.tree());
    }

    @Test
    void etcd_broken_alone_leaves_the_node_as_it_was_if_we_are_the_one_who_goes() throws IOException {
        node.hook("etcd-relation-departed", ETCD_DEPARTED);
        node.hook("etcd-relation-broken", ETCD_BROKEN);
        assertEquals(before, node.tree());
    }

    @Test
    void all_of_them_in_either_order_do_it_once() throws IOException {
        node.hook("etcd-relation-departed", ETCD_DEPARTED);
        node.hook("etcd-relation-broken", ETCD_BROKEN);
        node.hook("cni-relation-broken", CNI_BROKEN);
        node.hook("config-changed");
        node.hook("update-status");
        node.hook("stop");
        node.hook("remove");
        assertEquals(before, node.tree());
        assertEquals(1, node.asked.stream().filter("leave"::equals).count());
    }

    @Test
    void a_unit_that_juju_has_forgotten_still_clears_its_node() throws IOException {
        node.juju.forgetUnit();
        node.hook("stop");
        assertEquals(before, node.tree());
    }

    @Test
    void without_an_agent_its_program_clears_the_kernel() throws IOException {
        node.agent = Optional.empty();
        node.hook("stop");
        List<String> order = new ArrayList<>(node.asked);
        order.retainAll(List.of("systemctl stop canal-agent.service", "program --leave"));
        assertEquals(List.of("systemctl stop canal-agent.service", "program --leave"), order);
        assertEquals(before, node.tree());
    }

    @Test
    void a_teardown_that_was_cut_off_is_finished_by_the_next_hook() throws IOException {
        node.hook("cni-relation-departed", "JUJU_RELATION_ID", "cni:2", "JUJU_REMOTE_UNIT", "node/0", "JUJU_DEPARTING_UNIT", "canal/0");
        NodeFile.remove(node.paths.programDir().resolve("current"));
        node.hook("stop");
        assertEquals(before, node.tree());
    }

    @Test
    void another_principals_relation_that_breaks_is_not_ours() throws IOException {
        List<String> working = node.tree();
        node.hook("cni-relation-broken", "JUJU_RELATION_ID", "cni:5", "JUJU_REMOTE_APP", "other");
        assertEquals(working, node.tree());
    }

    @Test
    void a_relation_that_breaks_without_naming_its_application_is_known_by_its_id() throws IOException {
        List<String> working = node.tree();
        node.hook("cni-relation-broken", "JUJU_RELATION_ID", "cni:5");
        assertEquals(working, node.tree());
    }

    @Test
    void the_principals_relation_is_known_from_its_first_hook_on() throws IOException {
        node.juju.without("etcd:1");
        Files.delete(node.charmDir.resolve(".canal-cni"));
        node.juju.relation("cni:5", Map.of("other/0", Map.of()));
        node.hook("cni-relation-created", "JUJU_RELATION_ID", "cni:5", "JUJU_REMOTE_APP", "other");
        node.hook("cni-relation-created", "JUJU_RELATION_ID", "cni:2", "JUJU_REMOTE_APP", "node");
        List<String> working = node.tree();
        node.hook("cni-relation-broken", "JUJU_RELATION_ID", "cni:5");
        assertEquals(working, node.tree());
        node.hook("cni-relation-broken", CNI_BROKEN);
        assertEquals(before, node.tree());
    }
}
