package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.testing.ShellCharm;
import io.canal.controller.testing.SshServer;
import io.canal.controller.text.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Units of shell charms on two hosts, from deploy to removal, over a real sshd. */
final class LifecycleIT {

    private static final String TRACE = "echo \"$JUJU_UNIT_NAME $JUJU_DISPATCH_PATH $JUJU_REMOTE_UNIT\" >>/var/lib/juju/trace\n";
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path temp;

    private SshServer one;
    private SshServer two;
    private Model model;

    @BeforeEach
    void start() throws Exception {
        one = SshServer.start(temp.resolve("one"), "127.0.0.1");
        two = SshServer.start(temp.resolve("two"), "127.0.0.1");
        model = Model.open(temp.resolve("model"), "test", Watcher.NONE);
        model.addMachine(spec("h1", one));
        model.addMachine(spec("h2", two));
    }

    @AfterEach
    void stop() throws Exception {
        model.close();
        one.close();
        two.close();
    }

    static MachineSpec spec(String id, SshServer server) {
        return new MachineSpec(id, server.address(), server.port(), "root", server.key(), server.knownHosts(), Optional.empty());
    }

    private static List<String> trace(SshServer server, String unit) throws Exception {
        return Files.readAllLines(server.juju().resolve("trace")).stream()
                .filter(line -> line.startsWith(unit + " "))
                .map(line -> line.substring(unit.length() + 1).replace("hooks/", "").strip())
                .toList();
    }

    /** Subordinates are numbered as they come, which need not be the order of the machines. */
    private String canalOn(String machine) {
        return model.view().units().stream()
                .filter(unit -> unit.application().equals("canal") && unit.machine().equals(machine))
                .map(ModelView.Unit::name)
                .findFirst()
                .orElseThrow();
    }

    private void deployPair() throws Exception {
        ShellCharm node = ShellCharm.make(temp, "node", "provides:\n  cni: {interface: kubernetes-cni, scope: container}\n", TRACE + """
                case $JUJU_DISPATCH_PATH in
                  hooks/cni-relation-joined) relation-set "node=$JUJU_UNIT_NAME" ;;
                esac
                status-set active "I am $JUJU_UNIT_NAME"
                """);
        ShellCharm canal = ShellCharm.make(temp, "canal", """
                subordinate: true
                requires:
                  cni: {interface: kubernetes-cni, scope: container}
                peers:
                  fleet: {interface: fleet}
                """, TRACE + """
                case $JUJU_DISPATCH_PATH in
                  hooks/leader-elected) relation-set -r "$(relation-ids fleet)" --app "leader=$JUJU_UNIT_NAME" ;;
                  hooks/cni-relation-changed)
                    [ "$JUJU_REMOTE_UNIT" != "$JUJU_PRINCIPAL_UNIT" ] || status-set active "node is $(relation-get node)" ;;
                  actions/fail) relation-set -r "$(relation-ids fleet)" lost=1; echo out; echo err >&2; exit 3 ;;
                  actions/good) action-set a.b=1; action-log hello; relation-set -r "$(relation-ids fleet)" kept=1 ;;
                esac
                """)
                .file("config.yaml", "options:\n  mtu: {type: int, default: 0}\n")
                .file("actions.yaml", "good: {}\nfail: {}\n");
        model.deploy("node", model.charm(node.folder()), Map.of(), List.of("h1", "h2"));
        model.deploy("canal", model.charm(canal.folder()), Map.of("mtu", "1400"), List.of());
        model.integrate("canal:cni", "node:cni");
        Settled settled = model.settle(LONG);
        assertTrue(settled.isActive(), () -> settled.toString());
    }

    @Test
    void a_subordinate_goes_through_its_hooks_in_the_order_of_juju() throws Exception {
        deployPair();
        String first = canalOn("h1");
        String second = canalOn("h2");
        List<String> begin = new ArrayList<>(
                List.of("install", "fleet-relation-created", "cni-relation-created", "leader-elected", "config-changed", "start"));
        if (!first.equals("canal/0")) {
            begin.remove("leader-elected");
        }
        assertEquals(begin, trace(one, first).subList(0, begin.size()));
        assertTrue(trace(one, first).contains("fleet-relation-joined " + second));
        assertTrue(trace(two, second).contains("cni-relation-joined node/0"), "every principal is visible");
        assertEquals("node is node/1", model.view().unit(second).orElseThrow().workload().message());
    }

    @Test
    void an_action_that_fails_leaves_nothing_and_one_that_succeeds_is_committed() throws Exception {
        deployPair();
        String first = canalOn("h1");
        String second = canalOn("h2");
        TaskResult failed = model.run(first, "fail", Trees.object(), LONG);
        assertEquals("failed", failed.status());
        assertEquals(3, failed.returnCode());
        assertEquals("out\n", failed.results().path("stdout").asText());
        assertEquals("exit status 3", failed.message());
        TaskResult good = model.run(first, "good", Trees.object(), LONG);
        assertEquals("1", good.results().path("a").path("b").asText());
        assertEquals(1, good.log().size());
        Settled settled = model.settle(LONG);
        assertTrue(settled.isActive(), () -> settled.toString());
        TaskResult seen = model.exec(second, List.of("relation-get -r $(relation-ids fleet) --format=json - " + first), LONG);
        assertTrue(seen.results().path("stdout").asText().contains("\"kept\":\"1\""), () -> seen.results().toString());
        assertFalse(seen.results().path("stdout").asText().contains("lost"));
        assertEquals("fleet-relation-changed " + first, trace(two, second).getLast());
    }

    @Test
    void the_words_of_a_command_stay_the_words_that_they_are() throws Exception {
        deployPair();
        TaskResult said = model.exec(canalOn("h1"), List.of("sh", "-c", "echo a b"), LONG);
        assertEquals("a b\n", said.results().path("stdout").asText());
    }

    @Test
    void a_changed_option_and_a_changed_charm_reach_every_unit() throws Exception {
        deployPair();
        assertTrue(model.configure("canal", Map.of("mtu", "1300")));
        model.settle(LONG);
        assertEquals("config-changed", trace(two, canalOn("h2")).getLast());
        Path folder = temp.resolve("canal");
        Files.writeString(folder.resolve("extra"), "x");
        assertTrue(model.refresh("canal", model.charm(folder)));
        assertFalse(model.refresh("canal", model.charm(folder)), "the same charm is no upgrade");
        model.settle(LONG);
        List<String> hooks = trace(one, canalOn("h1"));
        assertEquals(List.of("upgrade-charm", "config-changed"), hooks.subList(hooks.size() - 2, hooks.size()));
        String unit = canalOn("h1").replace('/', '-');
        assertTrue(Files.exists(one.juju().resolve("agents/unit-" + unit + "/charm/extra")));
    }

    @Test
    void a_unit_that_goes_takes_its_subordinate_and_its_files_along() throws Exception {
        deployPair();
        String stays = canalOn("h1");
        String goes = canalOn("h2");
        model.removeUnit("node/1");
        Settled settled = model.settle(LONG);
        assertTrue(settled.isActive(), () -> settled.toString());
        List<String> hooks = trace(two, goes);
        assertEquals(List.of("stop", "remove"), hooks.subList(hooks.size() - 2, hooks.size()));
        assertTrue(hooks.contains("cni-relation-broken"));
        assertTrue(trace(one, stays).contains("fleet-relation-departed " + goes));
        assertEquals(List.of(stays, "node/0"), model.view().units().stream().map(ModelView.Unit::name).toList());
        assertFalse(Files.exists(two.juju().resolve("agents/unit-" + goes.replace('/', '-'))));
    }

    @Test
    void a_relation_that_is_removed_takes_the_subordinates_along_and_leaves_their_principals() throws Exception {
        deployPair();
        model.removeRelation("canal", "node");
        Settled settled = model.settle(LONG);
        assertTrue(settled.isActive(), () -> settled.toString());
        assertEquals(List.of("node/0", "node/1"), model.view().units().stream().map(ModelView.Unit::name).toList());
    }
}
