package io.canal.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Frames;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A host in a namespace: the agent as a process, the plugin's executable, and pods. */
final class TestHost implements AutoCloseable {

    static final ObjectMapper JSON = new ObjectMapper();

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host;
    private final Path root;
    private Process agent;
    private int pods;

    TestHost(Path root) throws Exception {
        this.root = root;
        host = namespaces.add("host");
        Files.createDirectories(paths().hostLocalDir());
        installRuntime();
        startAgent();
    }

    NodePaths paths() {
        return new NodePaths(root);
    }

    NetworkNamespace host() {
        return host;
    }

    NetworkNamespace pod(String name) {
        return namespaces.add(name + "-" + ++pods);
    }

    /** As after the start: what the tests' orders changed is set back, and what they left attached is removed. */
    void reset() throws Exception {
        if (!agent.isAlive()) {
            startAgent();
        }
        order("reset");
        for (String file : journal()) {
            String[] id = file.replace(".endpoint", "").split(",");
            call(Map.of("CNI_COMMAND", "DEL", "CNI_CONTAINERID", id[0], "CNI_IFNAME", id[1], "CNI_PATH", "/"), "");
        }
        try (var files = Files.walk(paths().hostLocalDir())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
    }

    void startAgent() throws Exception {
        agent = new ProcessBuilder(inHost(javaCommand(TestAgent.class.getName(), root.toString()))).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var output = new BufferedReader(new InputStreamReader(agent.getInputStream(), StandardCharsets.UTF_8));
        if (!"ready".equals(output.readLine())) {
            throw new AssertionError("the agent did not start");
        }
    }

    /** With an etcd that has all this. */
    void startAgentWith(Map<String, String> etcd) throws Exception {
        Files.writeString(paths().at("etcd-of-halted.json"), JSON.writeValueAsString(etcd));
        startAgent();
    }

    /** kill -9. */
    void killAgent() throws Exception {
        agent.destroyForcibly().waitFor();
    }

    /** kill -STOP: the agent lives, and answers nobody. */
    void hangAgent() {
        TestNamespaces.run(host, "kill", "-STOP", Long.toString(agent.pid()));
    }

    /** The agent goes on where it was. */
    void wakeAgent() {
        TestNamespaces.run(host, "kill", "-CONT", Long.toString(agent.pid()));
    }

    /** Waits until the agent has halted at the step that it was told. */
    void awaitHalt() throws Exception {
        if (!agent.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the agent did not halt");
        }
    }

    void restartAgent() throws Exception {
        killAgent();
        startAgent();
    }

    JsonNode order(String op, Object... fields) throws IOException {
        ObjectNode order = Json.object().put("op", op);
        for (int i = 0; i < fields.length; i += 2) {
            order.set((String) fields[i], JSON.valueToTree(fields[i + 1]));
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(root.resolve("run/canal/test.sock")));
            Frames.write(channel, Json.compact(order));
            return JSON.readTree(Frames.read(channel).orElseThrow());
        }
    }

    /** Keys and values of etcd once nothing waits any more. */
    Map<String, String> etcd() throws Exception {
        for (int i = 0; i < 6_000 && order("waiting").path("waiting").asInt() > 0; i++) {
            Thread.sleep(10);
        }
        Map<String, String> keys = new HashMap<>();
        order("dump").path("keys").properties().forEach(key -> keys.put(key.getKey(), key.getValue().asText()));
        return keys;
    }

    /** The interfaces whose rules are in place. */
    List<String> open() throws IOException {
        List<String> rows = new ArrayList<>();
        order("rules").path("rows").forEach(row -> rows.add(row.asText()));
        return rows;
    }

    NativeClient.Outcome call(Map<String, String> environment, String stdin) {
        return new NativeClient(paths().cniSocket(), root.resolve("opt/canal/current"), inHost(List.of())).run(environment, stdin);
    }

    NativeClient.Outcome call(String command, Call call) {
        return call(call.environment(command), call.stdin());
    }

    /** Has the agent killed when it has done a step of this call; the caller is killed with it, so that nobody cleans up. */
    void crash(Step step, String command, Call call) throws Exception {
        order("halt-at", "step", step);
        ObjectNode frame = Json.object().put("v", 1).put("stdin", call.stdin());
        frame.set("env", JSON.valueToTree(call.environment(command)));
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(paths().cniSocket()));
            Frames.write(channel, Json.compact(frame));
            awaitHalt();
        }
    }

    String ip(String... arguments) {
        return TestNamespaces.ip(host, arguments);
    }

    /** The files of addresses in use. */
    List<String> reservations(String network) throws IOException {
        Path folder = paths().hostLocalDir().resolve(network);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> !name.equals("lock") && !name.startsWith("last_reserved_ip")).sorted().toList();
        }
    }

    List<String> journal() throws IOException {
        try (var files = Files.list(paths().endpointJournal())) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".endpoint")).sorted().toList();
        }
    }

    @Override
    public void close() {
        // Else it may make a file while its folder is being removed.
        agent.destroyForcibly().onExit().join();
        namespaces.close();
    }

    /** One pod's call: what a runtime says of it. */
    record Call(String containerId, NetworkNamespace pod, String args, String stdin) {

        static final String CONFIG = """
                {"cniVersion":"1.0.0","name":"k8s-pod-network","type":"calico","ipam":{"type":"host-local","subnet":"10.1.49.0/24"},"policy":{"type":"k8s"}}""";

        static Call pod(String containerId, NetworkNamespace netns, String name) {
            return new Call(containerId, netns, "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + name, CONFIG);
        }

        Call with(String config) {
            return new Call(containerId, pod, args, config);
        }

        Call withArgs(String further) {
            return new Call(containerId, pod, args + ";" + further, stdin);
        }

        Map<String, String> environment(String command) {
            Map<String, String> environment = new HashMap<>(Map.of("CNI_COMMAND", command, "CNI_CONTAINERID", containerId,
                    "CNI_NETNS", pod.path().toString(), "CNI_IFNAME", "eth0", "CNI_PATH", "/opt/cni/bin"));
            if (!args.isEmpty()) {
                environment.put("CNI_ARGS", args);
            }
            return environment;
        }
    }

    /** What the plugin runs where no agent answers: the JVM of the test, with the root of this host. */
    private void installRuntime() throws IOException {
        Path java = root.resolve("opt/canal/current/runtime/bin/java");
        Files.createDirectories(java.getParent());
        String command = String.join(" ", javaCommand(OfflineDelInFolder.class.getName(), root.toString()).stream().map(word -> "'" + word + "'").toList());
        Files.writeString(java, "#!/bin/sh\nexec " + command + "\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<String> inHost(List<String> command) {
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=" + host.path()));
        line.addAll(command);
        return line;
    }

    private static List<String> javaCommand(String... arguments) {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(arguments));
        return command;
    }
}
