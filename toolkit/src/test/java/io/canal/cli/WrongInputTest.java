package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.cli.Console.Said;
import io.canal.controller.MachineSpec;
import io.canal.controller.Model;
import io.canal.controller.ModelView;
import io.canal.controller.Watcher;
import io.canal.controller.testing.ShellCharm;
import io.canal.lab.LabException;
import io.canal.lab.fault.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong is refused with one sentence, never with Java's stack trace, and never taken for something else. */
final class WrongInputTest {

    @TempDir
    Path temp;

    private String folder;

    @BeforeEach
    void model() throws Exception {
        folder = temp.resolve("model").toString();
        try (Model model = Model.open(Path.of(folder), "model", Watcher.NONE)) {
            ShellCharm charm = ShellCharm.make(temp, "canal", "", "true\n").file("config.yaml", """
                    options:
                      mtu: {type: int, default: 0, description: mtu}
                    """).file("actions.yaml", "good: {description: succeeds}\n");
            // Nothing listens on the port of a machine of that address, so it refuses at once.
            model.addMachine(new MachineSpec("m1", "127.0.0.1", 1, "root", temp.resolve("key"), temp.resolve("known_hosts"), Optional.empty()));
            model.deploy("canal", model.charm(charm.folder()), Map.of(), List.of("m1"));
        }
    }

    @Test
    void a_missing_file_of_resources_is_told_in_calicoctls_words() {
        Said said = Console.run("apply", "--model", folder, "-f", "nosuch.yaml");
        assertEquals("failed to execute command: open nosuch.yaml: no such file or directory\n", said.stderr());
        assertEquals(1, said.code());
    }

    @Test
    void a_host_that_is_down_is_named_by_the_commands_for_resources() throws Exception {
        Path file = Files.writeString(temp.resolve("one.yaml"), "kind: IPPool\n");
        Said said = Console.run("apply", "--model", folder, "-f", file.toString());
        assertEquals(1, said.code());
        assertSentence(said, "127.0.0.1");
    }

    @Test
    void a_damaged_model_is_named_by_the_commands_for_resources() throws Exception {
        Files.writeString(Path.of(folder, "model.json"), "{");
        assertSentence(Console.run("get", "--model", folder, "ippool"), "model.json cannot be read as a model");
    }

    @Test
    void a_name_that_no_lab_can_have_is_refused() {
        assertSentence(Console.run("get", "--lab", "BAD!", "ippool"), "Lab name is \"BAD!\", expected");
    }

    @Test
    void without_a_lab_the_commands_for_resources_say_that_up_makes_one() {
        for (Said said : List.of(Console.run("get", "ippool"), Console.run("why", "default/web", "default/db"))) {
            assertEquals(1, said.code());
            String all = said.stdout() + said.stderr();
            assertTrue(all.contains("ETCD_ENDPOINTS") && all.contains("canal up makes one"), all);
        }
        Said wrong = Console.run("get", "--nosuch", "ippool");
        assertEquals(1, wrong.code());
        assertFalse(wrong.stderr().contains("There is no lab"), wrong.stderr());
    }

    @Test
    void a_file_that_is_no_charm_is_named_as_it_was_given() throws Exception {
        Path file = Files.writeString(temp.resolve("README.md"), "no charm");
        assertEquals("ERROR " + file + ": zip: not a valid zip file\n", Console.run("deploy", "--model", folder, file.toString()).stderr());
    }

    @Test
    void a_command_that_a_lab_does_not_have_is_told_with_those_that_it_has() {
        Said said = Console.run("lab", "brek");
        assertEquals(2, said.code());
        assertSentence(said, "canal lab has no command \"brek\", expected one of namespace, ");
        assertSentence(Console.run("lab", "pod", "ad", "web"), "canal lab pod has no command \"ad\", expected one of add, exec, rm");
    }

    @Test
    void the_list_of_faults_says_which_last_until_their_end() throws Exception {
        String list = Console.run("lab", "break", "--list").stdout();
        for (Fault fault : Fault.values()) {
            boolean hasEnd = Stream.of(fault.getClass().getDeclaredMethods()).anyMatch(method -> method.getName().equals("end"));
            assertTrue(list.lines().anyMatch(line -> line.startsWith(fault + " ") && line.endsWith("(lasts until --end)") == hasEnd), fault + "\n" + list);
        }
    }

    @Test
    void a_policy_in_the_place_of_a_unit_is_told_how_it_is_named() {
        Said said = Console.run("show-policies", "--model", folder, "default/db");
        assertEquals(2, said.code());
        assertSentence(said, "policy=default/db");
        assertTrue(Console.run("show-policies", "--help").stdout().contains("policy=NAMESPACE/NAME"), "its own help");
    }

    @Test
    void a_missing_charm_or_file_is_more_than_a_path() {
        assertEquals("ERROR open nosuch.charm: no such file or directory\n", Console.run("deploy", "--model", folder, "nosuch.charm").stderr());
        assertEquals("ERROR open nosuch.charm: no such file or directory\n",
                Console.run("refresh", "--model", folder, "canal", "--path", "nosuch.charm").stderr());
        assertEquals("ERROR open nosuch.yaml: no such file or directory\n",
                Console.run("run", "--model", folder, "canal/0", "good", "--params", "nosuch.yaml").stderr());
    }

    @Test
    void a_format_that_there_is_not_is_refused_before_anything_is_done() {
        String words = "ERROR invalid value \"jsn\" for option --format: unknown format \"jsn\"\n";
        assertEquals(words, Console.run("run", "--model", folder, "--format", "jsn", "canal/0", "good").stderr());
        assertEquals(words, Console.run("exec", "--model", folder, "--format", "jsn", "-u", "canal/0", "--", "true").stderr());
        assertEquals(words, Console.run("config", "--model", folder, "--format", "jsn").stderr());
    }

    @Test
    void units_beside_all_are_refused() {
        Said said = Console.run("run", "--model", folder, "--all", "canal/0", "good");
        assertEquals(2, said.code());
        assertSentence(said, "canal/0");
    }

    @Test
    void a_key_is_not_both_set_and_reset() {
        Said said = Console.run("config", "--model", folder, "mtu=1400", "--reset", "mtu");
        assertEquals(2, said.code());
        assertTrue(said.stderr().contains("key \"mtu\" cannot be both set and reset"), said.stderr());
    }

    @Test
    void a_network_beside_ipv6_alone_is_refused() {
        assertSentence(Console.run("up", "--lab", "nosuch", "--ipv6", "only", "--cidr", "10.9.0.0/16"), "10.9.0.0/16");
    }

    @Test
    void a_lab_or_model_that_there_is_not_leads_to_no_other_cluster() {
        assertSentence(Console.run("get", "--lab", "typo", "ippool"), "ERROR there is no model in ");
        assertSentence(Console.run("get", "--model", temp.resolve("typo").toString(), "ippool"), "typo");
    }

    @Test
    void a_label_is_one_of_kubernetes_and_given_once() {
        assertEquals(Map.of("app", "web", "example.org/tier", ""), LabCommand.labels(List.of("app=web", "app=web", "example.org/tier=")));
        for (List<String> wrong : List.of(List.of("app=web", "app=db"), List.of("a b=c"), List.of("app=-x"), List.of("=x"))) {
            assertThrows(LabException.class, () -> LabCommand.labels(wrong), wrong::toString);
        }
    }

    @Test
    void an_argument_that_begins_with_an_at_sign_is_not_a_file_of_arguments() throws Exception {
        Path file = Files.writeString(temp.resolve("words"), "--all good");
        Said said = Console.run("run", "--model", folder, "@" + file);
        assertTrue(said.stderr().contains("no unit specified"), said.stderr());
    }

    @Test
    void a_number_of_lines_is_not_negative() {
        assertSentence(Console.run("debug-log", "--model", folder, "-n", "-1"), "--lines is -1");
    }

    @Test
    void an_application_that_there_is_not_keeps_the_others() throws Exception {
        assertSentence(Console.run("remove-application", "--model", folder, "canal", "nosuch"), "application \"nosuch\" not found");
        assertTrue(ModelView.read(Path.of(folder)).orElseThrow().units().stream().noneMatch(ModelView.Unit::dying));
    }

    @Test
    void a_host_that_cannot_be_reached_is_not_added() throws Exception {
        Said said = Console.run("add-machine", "--model", folder, "--id", "m2", "--port", "1", "--key", temp.resolve("key").toString(),
                "--known-hosts", temp.resolve("known_hosts").toString(), "127.0.0.1");
        assertEquals(1, said.code());
        assertEquals(List.of("m1"), ModelView.read(Path.of(folder)).orElseThrow().machines());
    }

    @Test
    void a_machine_with_units_is_removed_only_by_force() throws Exception {
        assertSentence(Console.run("remove-machine", "--model", folder, "m1"), "machine m1 hosts units: canal/0");
        assertSentence(Console.run("remove-machine", "--model", folder, "m7"), "machine \"m7\" not found");
        assertEquals("- will remove unit canal/0\nwill remove machine m1\n", Console.run("remove-machine", "--model", folder, "--force", "m1").stdout());
        assertEquals(List.of(), ModelView.read(Path.of(folder)).orElseThrow().machines());
    }

    @Test
    void a_unit_of_a_host_that_is_gone_is_removed_by_force() throws Exception {
        assertEquals(0, Console.run("remove-unit", "--model", folder, "--force", "canal/0").code());
        assertEquals(List.of(), ModelView.read(Path.of(folder)).orElseThrow().units());
    }

    @Test
    void a_subordinate_is_refused_as_one_wherever_there_is_room() throws Exception {
        ShellCharm charm = ShellCharm.make(temp, "sub", "subordinate: true\nrequires:\n  cni: {interface: kubernetes-cni, scope: container}\n", "true\n");
        try (Model model = Model.open(Path.of(folder), "model", Watcher.NONE)) {
            model.deploy("sub", model.charm(charm.folder()), Map.of(), List.of());
        }
        for (Said said : List.of(Console.run("add-unit", "--model", folder, "sub"), Console.run("add-unit", "--model", folder, "sub", "--to", "nosuch"))) {
            assertEquals(1, said.code());
            assertSentence(said, "cannot add unit to application \"sub\": application is a subordinate; it has one beside each unit of what it is related to");
        }
    }

    @Test
    void a_model_without_machines_or_without_anything_says_what_to_do() throws Exception {
        String empty = temp.resolve("empty").toString();
        try (Model model = Model.open(Path.of(empty), "empty", Watcher.NONE)) {
            assertEquals(List.of(), model.view().machines());
        }
        assertEquals("Model \"empty\" is empty; canal add-machine and canal deploy fill it\n", Console.run("status", "--model", empty).stderr());
        assertEquals("NOTE the model has no unit or application \"nope/0\" now\nNOTE nothing was said that is to be shown\n",
                Console.run("debug-log", "--model", empty, "--no-tail", "--include", "nope/0").stderr());
        ShellCharm charm = ShellCharm.make(temp, "other", "", "true\n");
        try (Model model = Model.open(Path.of(empty), "empty", Watcher.NONE)) {
            model.deploy("other", model.charm(charm.folder()), Map.of(), List.of());
        }
        assertSentence(Console.run("add-unit", "--model", empty, "other"), "there is no machine for a unit of other; canal add-machine adds one");
    }

    @Test
    void words_of_a_refused_option_stand_once() {
        assertEquals("ERROR Value for option '--config' (KEY=VALUE) should be in KEY=VALUE format but was mtu\n", Console.run("up", "--config", "mtu").stderr());
        assertSentence(Console.run("attack-test", "--only", "99"), "--only is 99, expected some of 1, 2, ");
    }

    @Test
    void a_folder_that_was_made_for_a_model_is_closed_to_others_and_one_with_other_things_is_left() throws Exception {
        Path made = Files.createDirectory(temp.resolve("made"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Path full = Files.createDirectory(temp.resolve("full"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.createFile(full.resolve("thesis.tex"));
        for (Path model : List.of(made, full)) {
            Model.open(model, "model", Watcher.NONE).close();
        }
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(full)));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(full.resolve("model.json"))));
    }

    private static void assertSentence(Said said, String part) {
        assertTrue(said.stderr().contains(part), said.stderr());
        assertFalse(said.stderr().contains("\tat "), said.stderr());
        assertEquals(1, said.stderr().lines().count(), said.stderr());
    }
}
