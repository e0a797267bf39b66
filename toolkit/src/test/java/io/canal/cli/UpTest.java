package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.MachineSpec;
import io.canal.controller.Model;
import io.canal.controller.ModelView;
import io.canal.controller.Watcher;
import io.canal.controller.charm.Charm;
import io.canal.controller.testing.ShellCharm;
import io.canal.lab.LabException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What canal up decides before it makes anything. */
final class UpTest {

    private static final List<String> HOSTS = List.of("h1", "h2", "h3");

    @TempDir
    Path temp;

    private static Up up(Optional<Integer> etcd, Map<String, String> options) {
        return new Up(new LabOption(), Optional.empty(), etcd, options, Duration.ofSeconds(1));
    }

    /** Three hosts with a member of etcd and a node on each, of which those units are gone. */
    private ModelView without(String... units) throws Exception {
        try (Model model = Model.open(temp.resolve("model"), "lab", Watcher.NONE)) {
            ShellCharm etcd = ShellCharm.make(temp, "etcd", "", "true\n");
            ShellCharm node = ShellCharm.make(temp, "node", "", "true\n");
            for (String host : HOSTS) {
                model.addMachine(new MachineSpec(host, "127.0.0.1", 1, "root", temp.resolve("key"), temp.resolve("known_hosts"), Optional.empty()));
            }
            model.deploy("etcd", model.charm(etcd.folder()), Map.of(), HOSTS);
            model.deploy("node", model.charm(node.folder()), Map.of(), HOSTS);
            for (String unit : units) {
                model.forceRemoveUnit(unit);
            }
            return model.view();
        }
    }

    @Test
    void a_cluster_that_has_lost_a_member_is_taken_as_it_is() throws Exception {
        ModelView view = without("etcd/2");
        assertEquals(2, up(Optional.empty(), Map.of()).size(Optional.of(view)).etcd());
        assertThrows(LabException.class, () -> up(Optional.of(2), Map.of()).size(Optional.of(view)));
    }

    @Test
    void a_host_whose_node_was_removed_gets_one_again() throws Exception {
        assertEquals(List.of("h3"), Up.withoutNode(without("node/2"), HOSTS));
    }

    @Test
    void what_the_charm_would_refuse_is_refused_before_anything_is_made() throws Exception {
        Path folder = ShellCharm.make(temp, "canal", "", "true\n").folder();
        Files.copy(Path.of("../config.yaml"), folder.resolve("config.yaml"));
        Charm charm;
        try (Model model = Model.open(temp.resolve("model"), "lab", Watcher.NONE)) {
            charm = model.charm(folder);
        }
        up(Optional.empty(), Map.of("dataplane", "iptables", "cidr", "10.1.0.0/16,fd00:10:1::/56", "backend", "host-gw")).check(charm);
        for (Map.Entry<String, String> wrong : Map.of("dataplane", "foo", "cidr", "foo", "backend", "x", "mtu", "12").entrySet()) {
            String words = assertThrows(LabException.class, () -> up(Optional.empty(), Map.of(wrong.getKey(), wrong.getValue())).check(charm)).getMessage();
            assertTrue(words.contains("option " + wrong.getKey() + " is ") && words.contains(wrong.getValue()), words);
        }
    }
}
