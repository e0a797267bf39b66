package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.HookContext;
import io.canal.juju.HookTools;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
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
        NodeAgent real = NodeAgent.of(node);
        Machine machine = new Machine(node, new Program(source, node), new Templates(source.resolve("templates")), arguments -> true,
                (operation, arguments, within) -> answer(real, operation, arguments), new NoProcess(), millis -> {});
        for (String hook : List.of("config-changed", "etcd-relation-changed", "update-status")) {
            Map<String, String> environment = Map.of("JUJU_DISPATCH_PATH", "hooks/" + hook, "JUJU_UNIT_NAME", "canal/0",
                    "JUJU_CHARM_DIR", charm.toString(), "JUJU_PRINCIPAL_UNIT", "node/0");
            new Charm(HookContext.of(environment), juju, machine).run();
        }
    }

    private static Reply answer(NodeAgent real, String operation, ObjectNode arguments) {
        // Loads the client; nobody is there.
        Reply none = real.ask(operation, arguments, Duration.ofMillis(1));
        return operation.equals(Op.STATUS) || none instanceof Reply.Done
                ? new Reply.Done(Json.object().put("ready", true).put("subnet", "10.1.49.1/24").put("network", "10.1.0.0/16"))
                : none;
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
