package io.canal.charm;

import io.canal.control.AgentStatus;
import io.canal.control.ControlServer;
import io.canal.control.Op;
import io.canal.juju.HookContext;
import io.canal.juju.HookTools;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs what hooks run, in a folder of its own and without Juju, so that the JVM can write down which classes that takes.
 *
 * <p>The program is the one in the working folder, as {@code dispatch} starts it.
 */
final class Training {

    private static final String PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    private static final AgentStatus STATUS = new AgentStatus(true, List.of(), "10.1.49.1/24", "10.1.0.0/16", 1450, "nftables", "h1", "10.0.0.2",
            "1", "", List.of(), false, "", List.of());

    private Training() {}

    static void run() {
        try {
            Path folder = Files.createTempDirectory("canal-training");
            try {
                Path charm = folder.resolve("unit-canal-0/charm");
                Files.createDirectories(charm);
                hooks(folder.resolve("node"), charm, tools(folder.resolve("tools")));
            } finally {
                NodeFile.remove(folder);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("the training run failed", failure);
        }
    }

    private static void hooks(Path root, Path charm, HookTools juju) throws IOException {
        Path source = Path.of("").toAbsolutePath();
        NodePaths node = new NodePaths(root);
        Machine machine = new Machine(node, new Program(source, node), new Templates(source.resolve("templates")), arguments -> true,
                NodeAgent.of(node), new NoProcess(), new NoTime());
        ControlServer.Operation agent = request -> STATUS.encode();
        Files.createDirectories(node.controlSocket().resolveSibling(""));
        try (ControlServer _ = ControlServer.listen(node.controlSocket(), Map.of(Op.STATUS, agent, Op.RELOAD, agent, Op.PUT_NETWORK, agent))) {
            for (String hook : List.of("config-changed", "etcd-relation-changed", "update-status")) {
                Map<String, String> environment = Map.of("JUJU_DISPATCH_PATH", "hooks/" + hook, "JUJU_UNIT_NAME", "canal/0",
                        "JUJU_CHARM_DIR", charm.toString(), "JUJU_PRINCIPAL_UNIT", "node/0");
                new Charm(HookContext.of(environment), juju, machine).run();
            }
        }
    }

    /** Hook tools that answer as Juju does, as small scripts. */
    private static HookTools tools(Path folder) throws IOException {
        Map<String, String> answers = Map.of(
                "config-get", "{\"cidr\":\"10.1.0.0/16\",\"iface\":\"\",\"mtu\":0,\"dataplane\":\"auto\"}",
                "is-leader", "true",
                "relation-ids", "[\"etcd:1\"]",
                "relation-list", "[\"etcd/0\"]",
                "relation-get", Json.compact(Json.object().put("connection_string", "https://10.0.0.1:2379").put("client_ca", PEM)
                        .put("client_cert", PEM).put("client_key", PEM)),
                "network-get", "{\"bind-addresses\":[{\"interface-name\":\"eth0\",\"addresses\":[{\"value\":\"10.0.0.2\"}]}]}");
        Files.createDirectories(folder);
        for (String tool : List.of("config-get", "is-leader", "relation-ids", "relation-list", "relation-get", "network-get", "relation-set",
                "status-set", "application-version-set", "juju-log")) {
            Path answer = folder.resolve(tool + ".json");
            Files.writeString(answer, Optional.ofNullable(answers.get(tool)).orElse(""));
            Path script = folder.resolve(tool);
            Files.writeString(script, "#!/bin/sh\nexec cat \"$0.json\"\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return new HookTools(folder);
    }

    private record NoTime() implements Machine.Time {

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void pause(long millis) {}
    }

    private record NoProcess() implements AgentProcess {

        @Override
        public Optional<Path> runningFrom() {
            return Optional.empty();
        }

        @Override
        public Optional<String> leave(Path home) {
            return Optional.empty();
        }
    }
}
