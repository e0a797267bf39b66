package io.canal.bench;

import static io.canal.kernel.testing.TestNamespaces.ip;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.config.LogLevel;
import io.canal.control.AgentStatus;
import io.canal.control.ControlClient;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.Spawned;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Decoded.Good;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A node in the namespace that the bench itself runs in: an uplink, and the packed agent with a folder for its root.
 *
 * <p>{@code canal bench} gives the bench a network namespace of its own, so that agent, etcd and bench share a loopback.
 */
final class Node implements Guard {

    static final Ip ADDRESS = Ip.of("192.168.77.1");
    private static final int TICKS_PER_SECOND = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TestNamespaces namespaces = new TestNamespaces();
    private final Path program;
    private final NodePaths paths;
    private final NetworkNamespace neighbour;
    private @Nullable Process agent;

    Node(Path program, TestEtcd etcd, boolean tls, Path root) throws IOException {
        this.program = program;
        this.paths = new NodePaths(root);
        NetworkNamespace here = NetworkNamespace.current();
        neighbour = namespaces.add("uplink");
        ip(here, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", neighbour.path().getFileName().toString());
        ip(here, "link", "set", "eth0", "up");
        ip(neighbour, "link", "set", "eth0", "up");
        ip(here, "addr", "add", ADDRESS + "/24", "dev", "eth0");
        ip(here, "route", "add", "default", "via", "192.168.77.254");
        EtcdConfig where = tls
                ? new EtcdConfig(etcd.endpoints(), etcd.certificates().file("ca.pem").toString(), etcd.certificates().file("client.pem").toString(),
                        etcd.certificates().file("client.key").toString(), EtcdConfig.DEFAULT_PREFIX)
                : new EtcdConfig(etcd.endpoints(), "", "", "", EtcdConfig.DEFAULT_PREFIX);
        AgentConfig defaults = AgentConfig.defaults();
        AgentConfig config = new AgentConfig("", "bench", where, "", Optional.empty(), 0, defaults.dataplane(), defaults.leaseTtl(), LogLevel.WARNING,
                defaults.listen(), "", "");
        Files.createDirectories(paths.agentYaml().getParent());
        Files.writeString(paths.agentYaml(), config.print());
        // What the agent finds here it chains in the conflist.
        Files.createDirectories(paths.cniBinDir());
        Files.createSymbolicLink(paths.cniBinDir().resolve("portmap"), Path.of("/usr/lib/cni/portmap"));
    }

    NodePaths paths() {
        return paths;
    }

    @Override
    public String title() {
        return "canal";
    }

    /** The other end of the uplink. */
    NetworkNamespace neighbour() {
        return neighbour;
    }

    @Override
    public void use(Dataplane dataplane) throws IOException {
        AgentConfig config = AgentConfig.parse(paths.agentYaml().toString(), Files.readString(paths.agentYaml())).orThrow();
        Files.writeString(paths.agentYaml(), new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(), config.mtu(),
                dataplane.option(), config.leaseTtl(), config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir()).print());
        // Which back end of iptables, where no kube-proxy says: the last one.
        Files.createDirectories(paths.stateDir());
        Files.writeString(paths.stateDir().resolve("packet-filter"), dataplane.text() + "\n");
    }

    @Override
    public void launch() throws IOException {
        agent = Spawned.with(new ProcessBuilder(program.resolve("runtime/bin/java").toString(), "@java.args", "-Dcanal.home=" + program, "io.canal.agent.Main",
                "--root", paths.root().toString())
                .directory(program.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(paths.root().resolve("agent.log").toFile()))
                .start());
    }

    @Override
    public void awaitReady() throws IOException {
        long start = System.nanoTime();
        while (!(new ControlClient(paths.controlSocket()).status(Duration.ofSeconds(10)) instanceof Good<AgentStatus>(AgentStatus status) && status.ready())) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new IOException("the agent was not ready within " + PATIENCE.toSeconds() + " s; its log:\n" + log());
            }
            pause(20);
        }
    }

    String log() throws IOException {
        List<String> lines = Files.readAllLines(paths.root().resolve("agent.log"));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
    }

    @Override
    public void reset() {
        kill();
        NetworkNamespace here = NetworkNamespace.current();
        TestNamespaces.tryRun(here, "ip", "link", "del", "flannel.1");
        TestNamespaces.tryRun(here, "ip", "route", "flush", "type", "blackhole");
        Kernel.flush();
    }

    @Override
    public void kill() {
        Process process = agent;
        if (process != null) {
            process.destroyForcibly();
            try {
                process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public double residentMegabytes() throws IOException {
        return residentMegabytes(process().pid());
    }

    static double residentMegabytes(long pid) throws IOException {
        Path status = Path.of("/proc", Long.toString(pid), "status");
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1e6;
            }
        }
        throw new IOException(status + " has no VmRSS");
    }

    /** Seconds of processor time that the agent has used. */
    double processorSeconds() throws IOException {
        String stat = Files.readString(proc("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(process().pid()), file);
    }

    private Process process() {
        Process process = agent;
        if (process == null) {
            throw new IllegalStateException("the agent was not started");
        }
        return process;
    }

    /** A namespace for a pod. */
    NetworkNamespace pod(String name) {
        return namespaces.add(name);
    }

    /** Runs one plugin of the conflist as a runtime does; {@code previous} is the result of the plugin before it. */
    CniCall cni(String command, int plugin, String id, NetworkNamespace pod, @Nullable ObjectNode previous) throws IOException {
        ObjectNode list = Json.object("conflist", Files.readString(paths.conflist())).orThrow();
        ObjectNode config = (ObjectNode) list.path("plugins").path(plugin);
        config.put("name", list.path("name").asText()).put("cniVersion", "1.0.0").remove("capabilities");
        if (previous != null) {
            config.set("prevResult", previous);
        }
        String type = config.path("type").asText();
        Path binary = type.equals("calico") ? program.resolve("cni/calico") : Path.of("/usr/lib/cni", type);
        ProcessBuilder builder = new ProcessBuilder(binary.toString());
        Map<String, String> environment = builder.environment();
        environment.put("CANAL_CNI_SOCKET", paths.cniSocket().toString());
        environment.put("CNI_COMMAND", command);
        environment.put("CNI_CONTAINERID", id);
        environment.put("CNI_NETNS", pod.path().toString());
        environment.put("CNI_IFNAME", "eth0");
        environment.put("CNI_PATH", "/usr/lib/cni");
        environment.put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + id + ";K8S_POD_INFRA_CONTAINER_ID=" + id);
        byte[] input = Json.compact(config).getBytes(StandardCharsets.UTF_8);
        long start = System.nanoTime();
        Process client = builder.start();
        // VERSION does not read its input.
        if (!command.equals("VERSION")) {
            try (var stdin = client.getOutputStream()) {
                stdin.write(input);
            }
        }
        String text = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code;
        try {
            code = client.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
        double millis = (System.nanoTime() - start) / 1e6;
        if (code != 0) {
            throw new IOException(command + " by " + type + " failed: " + text);
        }
        return new CniCall(millis, text);
    }

    /**
     * One call of a plugin.
     *
     * @param millis from before the fork to the end of the process
     */
    record CniCall(double millis, String output) {

        ObjectNode result() {
            return Json.object("result", output).orThrow();
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    @Override
    public void close() {
        reset();
        TestNamespaces.tryRun(NetworkNamespace.current(), "ip", "link", "del", "eth0");
        namespaces.close();
    }
}
