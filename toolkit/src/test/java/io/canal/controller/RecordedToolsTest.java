package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.charm.Charm;
import io.canal.controller.charm.EndpointSpec;
import io.canal.controller.hooktool.CallerFiles;
import io.canal.controller.hooktool.HookTools;
import io.canal.controller.hooktool.ToolException;
import io.canal.controller.hooktool.ToolReply;
import io.canal.controller.testing.RecordedCalls;
import io.canal.controller.testing.RecordedCalls.Call;
import io.canal.controller.testing.ShellCharm;
import io.canal.controller.text.Trees;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our hook tools answer as Juju's did, call by call, in a model like the one that was recorded. */
final class RecordedToolsTest {

    /** Where the answer is Juju's controller speaking. */
    private static final Set<String> DIFFERENT = Set.of(
            "leader-get", "leader-set", "payload-register", "add-metric", "k8s-spec-get", // no such command
            "resource-get nosuch", // an HTTP error of Juju's
            "relation-model-get"); // another uuid

    private static final CallerFiles NO_FILES = new CallerFiles() {
        @Override
        public byte[] read(String path) throws ToolException {
            throw ToolException.failure("open " + path + ": no such file or directory");
        }

        @Override
        public byte[] readStdin() {
            throw new AssertionError("a tool read standard input unasked");
        }

        @Override
        public void write(String path, byte[] content) {
            throw new AssertionError("a tool wrote " + path);
        }
    };

    @TempDir
    Path temp;

    private Charm charm;

    @BeforeEach
    void charm() throws Exception {
        ShellCharm canal = ShellCharm.make(temp, "canalish", """
                subordinate: true
                requires:
                  etcd: {interface: etcd}
                  cni: {interface: kubernetes-cni, scope: container}
                peers:
                  fleet: {interface: canalish-fleet}
                resources:
                  blob: {type: file, filename: blob.bin}
                """, "").file("config.yaml", """
                options:
                  cidr: {type: string, default: 10.1.0.0/16}
                  fail-on: {type: string, default: ""}
                  iface: {type: string, default: ""}
                  ignore-loose-rpf: {type: boolean, default: false}
                  mtu: {type: int, default: 0}
                  nodefault: {type: string}
                """);
        Path archive = temp.resolve("canal.charm");
        io.canal.controller.charm.CharmFolder.pack(canal.folder(), archive);
        charm = Charm.read(archive);
    }

    private static Status status(String status, String message, String since) {
        return new Status(status, message, Instant.parse("2026-11-25T" + since + "Z"));
    }

    private static void machine(ModelState state, String id, String address) {
        MachineState machine = new MachineState(
                new MachineSpec(id, address, 22, "root", Path.of("key"), Path.of("hosts"), Optional.empty()), Instant.EPOCH);
        machine.addresses.add(new MachineState.Address("eth0", "fa:4e:50:e2:2e:a3", address, 24));
        state.machines.put(id, machine);
    }

    private static UnitState unit(ModelState state, String name, String machine, Status status) {
        UnitState unit = new UnitState(UnitName.of(name), machine, Optional.empty(), Instant.EPOCH);
        unit.workload = status;
        state.units.put(unit.name, unit);
        return unit;
    }

    private static void application(ModelState state, String name) {
        state.applications.put(name, new ApplicationState(name, name, "", 0, Instant.EPOCH));
    }

    private static RelationState relation(ModelState state, int id, String since, RelationState.End... ends) {
        RelationState relation =
                new RelationState(id, List.of(ends), false, Instant.parse("2026-11-25T" + since + "Z"));
        state.relations.put(id, relation);
        return relation;
    }

    private static RelationState.End end(String application, String endpoint, EndpointSpec.Role role) {
        return new RelationState.End(application, endpoint, role, "");
    }

    private static Map<String, String> address(String address) {
        return Map.of("ingress-address", address, "egress-subnets", address + "/32");
    }

    private static void join(ModelState state, int relation, String unit, String... remotes) {
        Membership membership = state.unit(UnitName.of(unit)).membership(relation);
        membership.created = true;
        for (String remote : remotes) {
            membership.joined.put(UnitName.of(remote), 1L);
        }
    }

    private static final Map<String, String> ETCD = Map.of(
            "client_ca", "c",
            "client_cert", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "client_key", "k",
            "connection_string", "https://10.77.0.11:2379",
            "version", "3.4.23");

    /** The recorded model as canal/0 and canal/1 met it. */
    private static ModelState first(boolean etcd) {
        ModelState state = new ModelState("k8s", "uuid");
        machine(state, "0", "10.77.0.11");
        List.of("canal", "knode", "etcd").forEach(name -> application(state, name));
        unit(state, "canal/0", "0", status("waiting", "Waiting for etcd", "15:41:52"));
        unit(state, "canal/1", "0", status(etcd ? "active" : "waiting", "", "15:41:52"));
        unit(state, "knode/0", "0", status("active", "", etcd ? "15:41:55" : "15:41:51"));
        unit(state, "knode/1", "0", status("active", "", etcd ? "15:41:54" : "15:41:51"));
        unit(state, "etcd/0", "0", status("active", "", "15:41:23"));
        RelationState fleet = relation(state, 1, "15:41:50", end("canal", "fleet", EndpointSpec.Role.PEER));
        RelationState cni = relation(state, 2, "15:41:50", end("canal", "cni", EndpointSpec.Role.REQUIRES),
                end("knode", "cni", EndpointSpec.Role.PROVIDES));
        join(state, 1, "canal/0");
        join(state, 2, "canal/0");
        fleet.appBags.put("canal", Bag.EMPTY.with(Map.of("leader", "canal/0")));
        List.of(fleet, cni).forEach(one -> one.unitBags.put(UnitName.of("canal/0"), Bag.EMPTY.with(address("10.77.0.11"))));
        if (etcd) {
            RelationState db = relation(state, 3, "15:42:03", end("canal", "etcd", EndpointSpec.Role.REQUIRES),
                    end("etcd", "db", EndpointSpec.Role.PROVIDES));
            db.unitBags.put(UnitName.of("canal/0"), Bag.EMPTY.with(address("10.77.0.11")));
            db.unitBags.put(UnitName.of("etcd/0"), Bag.EMPTY.with(address("10.77.0.11")).with(ETCD));
            join(state, 3, "canal/0", "etcd/0");
        }
        return state;
    }

    /** The recorded model as canal/6 met it later. */
    private static ModelState later() {
        ModelState state = new ModelState("k8s", "uuid");
        machine(state, "0", "10.77.0.11");
        List.of("canal", "knode", "etcd").forEach(name -> application(state, name));
        unit(state, "canal/5", "0", status("active", "", "15:41:52"));
        unit(state, "canal/6", "0", status("active", "", "15:41:52"));
        unit(state, "knode/0", "0", status("active", "", "15:51:28"));
        unit(state, "knode/2", "0", status("active", "", "15:51:28"));
        unit(state, "etcd/0", "0", status("active", "", "15:41:23"));
        RelationState db = relation(state, 10, "15:51:23", end("canal", "etcd", EndpointSpec.Role.REQUIRES),
                end("etcd", "db", EndpointSpec.Role.PROVIDES));
        relation(state, 11, "15:51:23", end("canal", "cni", EndpointSpec.Role.REQUIRES),
                end("knode", "cni", EndpointSpec.Role.PROVIDES));
        db.unitBags.put(UnitName.of("canal/6"), Bag.EMPTY.with(address("10.77.0.11")));
        db.unitBags.put(UnitName.of("etcd/0"), Bag.EMPTY.with(address("10.77.0.11")).with(ETCD));
        join(state, 10, "canal/6", "etcd/0");
        join(state, 11, "canal/6", "knode/0", "knode/2");
        state.tasks.add(new TaskState("70", UnitName.of("canal/6"), "juju-exec", Trees.object(),
                List.of("bash", "/root/tools.sh"), Instant.EPOCH));
        return state;
    }

    @TestFactory
    Stream<DynamicTest> in_the_start_hook() throws Exception {
        return replay("tools.start.txt", first(false), "canal/0", Hook.of(Hook.Kind.START));
    }

    @TestFactory
    Stream<DynamicTest> in_a_relation_hook() throws Exception {
        Hook changed = new Hook(Hook.Kind.CHANGED, 3, "etcd", "etcd/0", "etcd", "", "");
        return replay("tools.etcd-relation-changed.txt", first(true), "canal/0", changed);
    }

    @TestFactory
    Stream<DynamicTest> in_a_command_of_a_unit_that_is_no_leader() throws Exception {
        return replay("tools.exec.txt", later(), "canal/6", Hook.task(Hook.Kind.EXEC, "70"));
    }

    /** Juju's controller has secrets, storage and reboots; ours says that it has none, in Juju's words where Juju has them. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "juju-reboot                          | 1 | juju-reboot is not supported by this controller: reboot the machine by canal ssh; the start hook runs when it is back",
        "juju-reboot --now                    | 1 | juju-reboot is not supported by this controller: reboot the machine by canal ssh; the start hook runs when it is back",
        "juju-reboot --later                  | 2 | option provided but not defined: --later",
        "secret-add key1=v                    | 1 | secrets are not supported by this controller: hand the value on by relation data, or keep it in a file of the unit",
        "secret-add --owner unit key1=v       | 1 | secrets are not supported by this controller: hand the value on by relation data, or keep it in a file of the unit",
        "secret-add --owner me key1=v         | 2 | secret owner \"me\" not valid",
        "secret-add --rotate now key1=v       | 2 | rotate policy \"now\" not valid",
        "secret-add k=v                       | 2 | key \"k\" not valid",
        "secret-add                           | 2 | missing secret value or filename",
        "secret-get                           | 2 | require either a secret URI or label",
        "secret-get --peek --refresh x        | 2 | specify one of --peek or --refresh but not both",
        "secret-get nonsense                  | 2 | secret URI \"nonsense\" not valid",
        "secret-get secret:9m4e2mr0ui3e8a215n4g | 1 | secret \"9m4e2mr0ui3e8a215n4g\" not found",
        "secret-get --label db                | 1 | consumer label \"db\" not found",
        "secret-info-get 9m4e2mr0ui3e8a215n4g | 1 | secret \"9m4e2mr0ui3e8a215n4g\" not found",
        "secret-set 9m4e2mr0ui3e8a215n4g a1=b | 1 | secret \"9m4e2mr0ui3e8a215n4g\" not found",
        "secret-remove                        | 2 | missing secret URI",
        "secret-grant 9m4e2mr0ui3e8a215n4g -r etcd:3 | 1 | secret \"9m4e2mr0ui3e8a215n4g\" not found",
        "secret-ids x                         | 2 | unrecognized args: [\"x\"]",
        "storage-get                          | 2 | no storage instance specified",
        "storage-get -s data/0 location       | 2 | invalid value \"data/0\" for option -s: storage not found",
        "credential-get x                     | 2 | unrecognized args: [\"x\"]",
    })
    void what_the_controller_has_not_is_said_in_one_sentence(String line, int code, String sentence) {
        List<String> words = List.of(line.split(" "));
        ToolReply reply = inStart().call(words.getFirst(), words.subList(1, words.size()), NO_FILES);
        assertEquals(new ToolReply(code, "", "ERROR " + sentence + "\n"), reply);
    }

    @Test
    void each_tool_says_how_it_is_used() {
        for (String tool : HookTools.NAMES) {
            ToolReply reply = inStart().call(tool, List.of("--help"), NO_FILES);
            assertEquals(0, reply.code(), tool);
            assertTrue(reply.stdout().startsWith("Usage: " + tool + " [options]"), reply.stdout());
        }
        assertEquals("", inStart().call("juju-log", List.of("--", "--help"), NO_FILES).stdout(), "is a message");
    }

    private HookTools inStart() {
        return new HookTools(new RunContext(first(false), UnitName.of("canal/0"), Hook.of(Hook.Kind.START), charm, new NoLive("canal/0")));
    }

    private Stream<DynamicTest> replay(String file, ModelState state, String unit, Hook hook) throws Exception {
        HookTools tools = new HookTools(new RunContext(state, UnitName.of(unit), hook, charm, new NoLive(unit)));
        return RecordedCalls.read(file).stream()
                .filter(call -> !DIFFERENT.contains(call.argv().getFirst())
                        && !DIFFERENT.contains(String.join(" ", call.argv())))
                .map(call -> DynamicTest.dynamicTest(call.line(), () -> answersAs(tools, call)));
    }

    private static void answersAs(HookTools tools, Call call) {
        ToolReply reply = tools.call(call.argv().getFirst(), call.argv().subList(1, call.argv().size()), NO_FILES);
        assertEquals(call.stdout(), reply.stdout());
        assertEquals(call.stderr(), reply.stderr());
        assertEquals(call.code(), reply.code());
    }

    /** The live model is not looked at here. */
    private record NoLive(String unit) implements RunContext.Live {

        @Override
        public void setUnitStatus(String status, String message) {}

        @Override
        public void setApplicationStatus(String status, String message) {}

        @Override
        public void setApplicationVersion(String version) {}

        @Override
        public void log(String level, String message) {}

        @Override
        public String resource(String name) {
            return "/var/lib/juju/agents/unit-" + unit.replace('/', '-') + "/resources/blob.bin";
        }

        @Override
        public void logAction(String message) {}
    }
}
