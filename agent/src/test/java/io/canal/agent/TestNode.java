package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.config.LogLevel;
import io.canal.control.AgentStatus;
import io.canal.control.ControlClient;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A node in a network namespace: a real agent process with a folder for its root, and pods made by the native CNI client. */
final class TestNode implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String BRIDGE = "br0";

    final NetworkNamespace namespace;
    final NodePaths paths;
    final String name;
    final String address;
    private final TestNamespaces namespaces;
    private final int number;
    private @Nullable Process agent;
    private int pods;

    /** A pod: its namespace, its addresses, and the id it was made with. */
    record Pod(NetworkNamespace namespace, List<String> addresses, String containerId, String podNamespace, String name) {

        /** The first. */
        String address() {
            return addresses.getFirst();
        }
    }

    /** The switch that nodes are plugged into, at 10.10.0.254. */
    static NetworkNamespace makeSwitch(TestNamespaces namespaces) {
        NetworkNamespace made = namespaces.add("sw");
        // Else it would take the lowest MAC of its ports, and change it under whoever talks to it when one comes or goes.
        ip(made, "link", "add", BRIDGE, "address", "02:00:00:00:00:fe", "type", "bridge");
        ip(made, "link", "set", BRIDGE, "up");
        ip(made, "addr", "add", "10.10.0.254/24", "dev", BRIDGE);
        ip(made, "-6", "addr", "add", "fd00:10:10::fe/64", "dev", BRIDGE, "nodad");
        return made;
    }

    TestNode(TestNamespaces namespaces, NetworkNamespace hub, int number, TestEtcd etcd, Path root, UnaryOperator<AgentConfig> change) {
        this.namespaces = namespaces;
        this.number = number;
        this.name = "node-" + number;
        this.address = "10.10.0." + number;
        this.paths = new NodePaths(root);
        namespace = namespaces.add("n" + number);
        namespaces.veth(namespace, "eth0", hub, "port" + number);
        ip(hub, "link", "set", "port" + number, "master", BRIDGE);
        ip(namespace, "addr", "add", address + "/24", "dev", "eth0");
        ip(namespace, "-6", "addr", "add", addressV6() + "/64", "dev", "eth0", "nodad");
        ip(namespace, "route", "add", "default", "via", "10.10.0.254");
        EtcdConfig where = new EtcdConfig(etcd.endpoints(), etcd.certificates().file("ca.pem").toString(),
                etcd.certificates().file("client.pem").toString(), etcd.certificates().file("client.key").toString(), EtcdConfig.DEFAULT_PREFIX);
        AgentConfig defaults = AgentConfig.defaults();
        configure(change.apply(new AgentConfig("", name, where, "", defaults.publicIp(), 0, defaults.dataplane(), Duration.ofSeconds(60), LogLevel.DEBUG,
                defaults.listen(), "", "")));
    }

    String addressV6() {
        return "fd00:10:10::" + Integer.toHexString(number);
    }

    void configure(AgentConfig config) {
        try {
            Files.createDirectories(paths.agentYaml().getParent());
            Files.writeString(paths.agentYaml(), config.print());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    AgentConfig config() {
        return new ConfigSource(paths.agentYaml(), paths.stateDir()).first().config();
    }

    /** Starts the agent, and waits until it is ready. */
    void start() {
        launch();
        await("the agent of " + name + " is ready", this::ready);
    }

    void launch() {
        launch(List.of());
    }

    /** As {@link #launch()}, below a program that watches over it. */
    void launch(List<String> watcher, String... more) {
        List<String> command = new ArrayList<>(List.of("nsenter", "--net=" + namespace.path()));
        command.addAll(watcher);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Dsun.misc.unsafe.memory.access=allow", "-Djdk.reflect.useNativeAccessorOnly=true", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m",
                "-cp", System.getProperty("java.class.path"), "io.canal.agent.Main",
                "--root", paths.root().toString(), "--home", Path.of("..").toAbsolutePath().normalize().toString()));
        command.addAll(List.of(more));
        try {
            agent = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile())).start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    Path log() {
        return paths.root().resolve("agent.log");
    }

    /** Whether the agent has ended by itself, or somebody ended it. */
    boolean ended() {
        Process process = agent;
        return process == null || !process.isAlive();
    }

    /** As kill -9 does. */
    void kill() {
        Process process = agent;
        if (process != null) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            awaitEnd(process);
        }
    }

    /** As systemd does. */
    void stop() {
        Process process = agent;
        if (process != null) {
            process.destroy();
            awaitEnd(process);
        }
    }

    /** It does nothing from now on, until it is {@link #thaw}ed. */
    void freeze() {
        signal("-STOP");
    }

    void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        Process process = agent;
        if (process == null) {
            throw new AssertionError("there is no agent");
        }
        TestNamespaces.run(namespace, "kill", signal, Long.toString(process.pid()));
    }

    private static void awaitEnd(Process process) {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("the agent did not end within 60 s");
            }
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    boolean ready() {
        Process process = agent;
        if (process == null || !process.isAlive()) {
            throw new AssertionError("the agent of " + name + " has ended:\n" + logText());
        }
        return new ControlClient(paths.controlSocket()).status(Duration.ofSeconds(10)) instanceof Good<AgentStatus>(AgentStatus status) && status.ready();
    }

    /** Whether the agent says how it is. */
    boolean answers() {
        return new ControlClient(paths.controlSocket()).status(Duration.ofSeconds(10)) instanceof Good<AgentStatus>;
    }

    AgentStatus status() {
        return new ControlClient(paths.controlSocket()).status(Duration.ofSeconds(10)).orThrow();
    }

    Reply call(String op, ObjectNode arguments) {
        return new ControlClient(paths.controlSocket()).call(op, arguments, Duration.ofSeconds(10));
    }

    /** Makes a pod as a runtime does: a namespace, then ADD by the native client with the conflist's first plugin. */
    Pod add() {
        return add("default", "pod-" + number + "-" + (pods + 1), List.of());
    }

    /** As {@link #add()}, with a name and with addresses of the caller's choice; with none it gets what is free. */
    Pod add(String podNamespace, String podName, List<String> ips) {
        int count = ++pods;
        NetworkNamespace pod = namespaces.add("p" + number + "-" + count);
        String containerId = "c" + number + "x" + count;
        ObjectNode result = Json.object("result of ADD", cni("ADD", containerId, podNamespace, podName, pod, ips)).orThrow();
        List<String> addresses = result.path("ips").valueStream().map(ip -> ip.path("address").asText().replaceAll("/.*", "")).toList();
        if (addresses.isEmpty()) {
            throw new AssertionError("ADD on " + name + " gave " + result + "\n" + logText());
        }
        return new Pod(pod, addresses, containerId, podNamespace, podName);
    }

    /** Removes a pod; what the client printed. */
    String del(Pod pod) {
        return cni("DEL", pod.containerId(), pod.podNamespace(), pod.name(), pod.namespace(), List.of());
    }

    private String cni(String command, String containerId, String podNamespace, String podName, NetworkNamespace pod, List<String> ips) {
        try {
            ObjectNode list = Json.object(paths.conflist().toString(), Files.readString(paths.conflist())).orThrow();
            ObjectNode plugin = ((ObjectNode) list.path("plugins").path(0)).put("name", list.path("name").asText()).put("cniVersion", "1.0.0");
            if (!ips.isEmpty()) {
                ips.forEach(plugin.withObject("/args/cni").putArray("ips")::add);
            }
            ProcessBuilder builder = new ProcessBuilder("nsenter", "--net=" + namespace.path(), Path.of("target", "native", "calico").toAbsolutePath().toString());
            Map<String, String> environment = builder.environment();
            environment.put("CANAL_CNI_SOCKET", paths.cniSocket().toString());
            environment.put("CNI_COMMAND", command);
            environment.put("CNI_CONTAINERID", containerId);
            environment.put("CNI_NETNS", pod.path().toString());
            environment.put("CNI_IFNAME", "eth0");
            environment.put("CNI_PATH", paths.cniBinDir().toString());
            environment.put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + podNamespace + ";K8S_POD_NAME=" + podName + ";K8S_POD_INFRA_CONTAINER_ID=" + containerId);
            Process client = builder.start();
            try (var stdin = client.getOutputStream()) {
                stdin.write(Json.compact(plugin).getBytes(StandardCharsets.UTF_8));
            }
            String text = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            client.waitFor();
            return text;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    String logText() {
        try {
            List<String> lines = Files.readAllLines(log());
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 80), lines.size()));
        } catch (IOException absent) {
            return "(no log)";
        }
    }

    /** Waits until it is so; the time that it took. */
    Duration await(String what, BooleanSupplier so) {
        long start = System.nanoTime();
        while (!so.getAsBoolean()) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new AssertionError("within " + PATIENCE.toSeconds() + " s it did not come about that " + what + "\n" + logText());
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Override
    public void close() {
        kill();
    }
}
