package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.AgentStatus;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.HookContext;
import io.canal.juju.MemoryJuju;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A node and a unit's folder on a disk of their own, with an agent and a systemd that only write down what they are asked. */
final class FakeNode implements Systemd, NodeAgent, AgentProcess, Machine.Time {

    static final String PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    final NodePaths paths;
    final Path charmDir;
    final MemoryJuju juju = new MemoryJuju();
    /** What systemctl and the agent were asked, in order. */
    final List<String> asked = new ArrayList<>();
    Optional<AgentStatus> agent = Optional.empty();
    Optional<AgentStatus> afterStart = Optional.of(ready("10.1.49.1/24"));
    Optional<String> refusal = Optional.empty();
    /** What the agent answers to an operation, if not just that it is done. */
    final Map<String, String> answers = new HashMap<>();
    /** The operations that take longer than a hook waits. */
    final Set<String> slow = new HashSet<>();
    Optional<Path> runningFrom = Optional.empty();
    String unit = "canal/0";
    private long now;

    FakeNode(Path folder) throws IOException {
        paths = new NodePaths(folder.resolve("node"));
        charmDir = folder.resolve("agents/unit-canal-0/charm");
        Files.createDirectories(paths.root());
        program("a".repeat(24));
    }

    /** What the charm brings along. */
    void program(String digest) throws IOException {
        Path program = charmDir.resolve("program");
        Files.createDirectories(program.resolve("runtime/bin"));
        Files.createDirectories(program.resolve("cni"));
        Files.createDirectories(program.resolve("templates"));
        Files.writeString(program.resolve("digest"), digest + "\n");
        Files.writeString(program.resolve("version"), "1.0.0\n");
        Files.writeString(program.resolve("runtime/bin/java"), "java of " + digest);
        Files.setPosixFilePermissions(program.resolve("runtime/bin/java"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(program.resolve("cni/calico"), "client of " + digest);
        try (Stream<Path> templates = Files.list(Path.of("../templates"))) {
            for (Path template : templates.toList()) {
                Files.writeString(program.resolve("templates").resolve(template.getFileName()), Files.readString(template));
            }
        }
    }

    /** Runs a hook, such as {@code etcd-relation-changed}, with more of the environment as names and values by turns. */
    int hook(String name, String... more) throws IOException {
        return dispatch("hooks/" + name, more);
    }

    int action(String name) throws IOException {
        return dispatch("actions/" + name);
    }

    private int dispatch(String path, String... more) throws IOException {
        Map<String, String> environment = new HashMap<>(Map.of(
                "JUJU_DISPATCH_PATH", path,
                "JUJU_UNIT_NAME", unit,
                "JUJU_API_ADDRESSES", "10.77.0.10:17070",
                "JUJU_PRINCIPAL_UNIT", "node/0",
                "JUJU_CHARM_DIR", charmDir.toString()));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return new Charm(HookContext.of(environment), juju, machine()).run();
    }

    Machine machine() throws IOException {
        Path source = charmDir.resolve("program");
        return new Machine(paths, new Program(source, paths), new Templates(source.resolve("templates")), this, this, this, this);
    }

    /** Installed, and told of etcd. */
    FakeNode connect() throws IOException {
        hook("install");
        related().hook("etcd-relation-changed");
        return this;
    }

    /** The relations of a unit that is well: its application's own, etcd, and the principal's. */
    FakeNode related() {
        juju.relation("peer:0", Map.of());
        juju.relation("etcd:1", Map.of("etcd/0", etcd("https://10.10.0.1:2379")));
        juju.relation("cni:2", Map.of("node/0", Map.of("kubeconfig-hash", "x")));
        return this;
    }

    static Map<String, String> etcd(String endpoints) {
        return Map.of("connection_string", endpoints, "client_ca", PEM, "client_cert", PEM, "client_key", PEM, "version", "3.4.23");
    }

    static AgentStatus ready(String subnet) {
        return new AgentStatus(true, List.of(), subnet, "10.1.0.0/16", 1450, "nftables", "h1", "10.10.0.1", "1.0.0", "", List.of(), false, "", List.of());
    }

    static AgentStatus waiting(String reason, String blocked) {
        return new AgentStatus(false, List.of(reason), "", "", 0, "", "h1", "", "1.0.0", "", List.of(), false, blocked, List.of());
    }

    String text(String path) throws IOException {
        return Files.readString(paths.at(path));
    }

    boolean exists(String path) {
        return Files.exists(paths.at(path), LinkOption.NOFOLLOW_LINKS);
    }

    void write(String path, String text) throws IOException {
        Files.createDirectories(paths.at(path).getParent());
        Files.writeString(paths.at(path), text);
    }

    /** All files and links below the node's root. */
    List<String> tree() throws IOException {
        try (Stream<Path> all = Files.walk(paths.root())) {
            return all.filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                    .map(path -> paths.root().relativize(path).toString()).sorted().toList();
        }
    }

    @Override
    public boolean control(List<String> arguments) {
        asked.add("systemctl " + String.join(" ", arguments));
        if (arguments.getFirst().equals("stop")) {
            agent = Optional.empty();
            runningFrom = Optional.empty();
        }
        if (arguments.getFirst().equals("start") || arguments.getFirst().equals("restart")) {
            agent = afterStart;
            try {
                runningFrom = Optional.of(paths.programDir().resolve("current").toRealPath());
            } catch (IOException notInstalled) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Reply ask(String operation, ObjectNode arguments, Duration within) {
        if (agent.isEmpty()) {
            return new Reply.Unreachable("No agent answers.");
        }
        if (operation.equals(Op.STATUS)) {
            return new Reply.Done(agent.get().encode().put("ok", true));
        }
        if (slow.contains(operation)) {
            pause(within.toMillis());
            return new Reply.Unreachable("It did not answer in time.");
        }
        asked.add(operation + (arguments.isEmpty() ? "" : " " + Json.compact(arguments)));
        if (operation.equals(Op.LEAVE)) {
            agent = Optional.empty();
        }
        String usual = operation.equals(Op.RELOAD) ? Json.compact(agent.map(AgentStatus::encode).orElseGet(Json::object)) : "{}";
        return refusal.<Reply>map(Reply.Refused::new)
                .orElseGet(() -> new Reply.Done(Json.object("answer", answers.getOrDefault(operation, usual)).orThrow()));
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public void pause(long millis) {
        now += millis * 1_000_000;
    }

    @Override
    public Optional<Path> runningFrom() {
        return runningFrom;
    }

    @Override
    public Optional<String> leave(Path home) {
        asked.add("program --leave");
        return Optional.empty();
    }
}
