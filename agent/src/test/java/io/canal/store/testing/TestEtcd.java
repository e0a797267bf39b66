package io.canal.store.testing;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.FreePort;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.EtcdStore;
import io.canal.store.TlsFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Real etcd members, on loopback ports or in a network namespace, with their data in a temporary folder. */
public final class TestEtcd implements AutoCloseable {

    /** How long a member may take to listen and to answer, on a machine that has much to do. */
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

    private final Path folder;
    private final Optional<NetworkNamespace> namespace;
    private final String address;
    private final Optional<TestCertificates> certificates;
    private final List<Member> members = new ArrayList<>();
    private int incarnation;

    private final class Member {
        private final String name;
        private final int clientPort;
        private final int peerPort = FreePort.at(InetAddress.getLoopbackAddress());
        private Process process;

        Member(String name, int clientPort) {
            this.name = name;
            this.clientPort = clientPort;
        }

        String clientUrl() {
            return scheme() + "://" + address + ":" + clientPort;
        }

        String peerUrl() {
            return "http://" + address + ":" + peerPort;
        }
    }

    private TestEtcd(int count, boolean tls) {
        this(count, tls, Optional.empty(), "127.0.0.1", 0);
    }

    private TestEtcd(int count, boolean tls, Optional<NetworkNamespace> namespace, String address, int port) {
        if (Boolean.getBoolean("canal.test.shared")) {
            throw new AssertionError("the threads that carry this JVM's virtual threads may live in a namespace of an earlier test, whose loopback has no etcd;"
                    + " tag the class long, as those are that have a JVM of their own");
        }
        this.namespace = namespace;
        this.address = address;
        try {
            folder = Files.createTempDirectory("canal-etcd-");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        certificates = tls ? Optional.of(new TestCertificates(folder.resolve("tls"), address)) : Optional.empty();
        for (int i = 0; i < count; i++) {
            members.add(new Member("m" + i, port == 0 ? FreePort.at(InetAddress.getLoopbackAddress()) : port));
        }
        // A test run that is ended from outside leaves no etcd behind.
        Runtime.getRuntime().addShutdownHook(new Thread(this::killAll));
        startAll();
    }

    /** One member, plain text. */
    public static TestEtcd plain() {
        return new TestEtcd(1, false);
    }

    /** One member that asks for client certificates. */
    public static TestEtcd tls() {
        return new TestEtcd(1, true);
    }

    /** One member that asks for client certificates, at an address that the namespace has. */
    public static TestEtcd tls(NetworkNamespace namespace, String address) {
        return tls(namespace, address, 0);
    }

    /** As {@link #tls(NetworkNamespace, String)}, with a port of the caller's choice. */
    public static TestEtcd tls(NetworkNamespace namespace, String address, int port) {
        return new TestEtcd(1, true, Optional.of(namespace), address, port);
    }

    /** Several members, plain text. */
    public static TestEtcd cluster(int count) {
        return new TestEtcd(count, false);
    }

    public List<String> endpoints() {
        return members.stream().map(Member::clientUrl).toList();
    }

    public TestCertificates certificates() {
        return certificates.orElseThrow();
    }

    /** A store over it, by the client certificate where there is TLS. */
    public EtcdStore store() {
        return new EtcdStore(settings(), Clock.system());
    }

    /** A path to the first member. */
    public TcpRelay relay() {
        int port = members.getFirst().clientPort;
        return namespace.map(where -> new TcpRelay(where, address, port)).orElseGet(() -> new TcpRelay(port));
    }

    /** A store that reaches the first member through the relay. */
    public EtcdStore store(TcpRelay relay) {
        return new EtcdStore(settings(List.of(scheme() + "://127.0.0.1:" + relay.port())), Clock.system());
    }

    public EtcdSettings settings() {
        return settings(endpoints());
    }

    private EtcdSettings settings(List<String> endpoints) {
        return new EtcdSettings(endpoints, () -> certificates.map(files ->
                new TlsFiles(files.file("ca.pem"), files.file("client.pem"), files.file("client.key"))), Duration.ofSeconds(3), Duration.ofSeconds(2));
    }

    public void startAll() {
        members.forEach(this::launch);
        members.forEach(member -> awaitPort(member.clientPort));
        awaitHealth();
    }

    public void start(int member) {
        launch(members.get(member));
        awaitPort(members.get(member).clientPort);
    }

    /** As a crash: no goodbye. */
    public void kill(int member) {
        Process process = members.get(member).process;
        if (process == null) {
            return;
        }
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public void killAll() {
        for (int i = 0; i < members.size(); i++) {
            kill(i);
        }
    }

    /** Another, empty cluster at the same address. */
    public void replace() {
        killAll();
        incarnation++;
        startAll();
    }

    /** Keeps a copy of all data for {@link #restore}; the cluster is away for a moment. */
    public void backUp() {
        killAll();
        copy(".", ".backup");
        startAll();
    }

    /** The same cluster as it was at {@link #backUp}. */
    public void restore() {
        killAll();
        copy(".backup", ".");
        startAll();
    }

    private void copy(String from, String to) {
        for (Member member : members) {
            Path source = data(member, from);
            Path target = data(member, to);
            try {
                delete(target);
                try (Stream<Path> files = Files.walk(source)) {
                    for (Path file : files.toList()) {
                        Files.copy(file, target.resolve(source.relativize(file)));
                    }
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private Path data(Member member, String kind) {
        return folder.resolve(member.name + kind + incarnation);
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    /** Forgets all history up to now. */
    public void compact() {
        String json = etcdctl("get", "none", "-w", "json");
        String revision = json.replaceAll("(?s).*\"revision\":(\\d+).*", "$1");
        etcdctl("compact", "--physical", revision);
    }

    /** Puts all of these at once: one revision. */
    public void putTogether(Map<String, String> values) {
        StringBuilder text = new StringBuilder("\n");
        values.forEach((key, value) -> text.append("put ").append(key).append(" \"").append(value.replace("\\", "\\\\").replace("\"", "\\\"")).append("\"\n"));
        etcdctl(text.append("\n\n").toString(), List.of("txn"));
    }

    /** Runs the real client, as an operator would; returns what it printed. */
    public String etcdctl(String... arguments) {
        return etcdctl("", List.of(arguments));
    }

    private String etcdctl(String input, List<String> arguments) {
        List<String> command = command("etcdctl");
        command.addAll(List.of("--endpoints=" + String.join(",", endpoints())));
        certificates.ifPresent(files -> command.addAll(List.of(
                "--cacert=" + files.file("ca.pem"), "--cert=" + files.file("client.pem"), "--key=" + files.file("client.key"))));
        command.addAll(arguments);
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("ETCDCTL_API", "3");
            Process process = builder.start();
            try (OutputStream to = process.getOutputStream()) {
                to.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String output = new String(process.getInputStream().readAllBytes());
            if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new IllegalStateException("this test needs etcdctl (Debian: etcd-client): " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        killAll();
        try {
            delete(folder);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private String scheme() {
        return certificates.isPresent() ? "https" : "http";
    }

    private void launch(Member member) {
        if (member.process != null && member.process.isAlive()) {
            return;
        }
        Map<String, String> options = new LinkedHashMap<>();
        options.put("name", member.name);
        options.put("data-dir", data(member, ".").toString());
        options.put("listen-client-urls", member.clientUrl());
        options.put("advertise-client-urls", member.clientUrl());
        options.put("listen-peer-urls", member.peerUrl());
        options.put("initial-advertise-peer-urls", member.peerUrl());
        options.put("initial-cluster", String.join(",", members.stream().map(each -> each.name + "=" + each.peerUrl()).toList()));
        // A new cluster has a new id only if its token is another.
        options.put("initial-cluster-token", folder.getFileName() + "-" + incarnation);
        certificates.ifPresent(files -> {
            options.put("cert-file", files.file("server.pem").toString());
            options.put("key-file", files.file("server.key").toString());
            options.put("trusted-ca-file", files.file("ca.pem").toString());
        });
        List<String> command = command("etcd");
        options.forEach((name, value) -> command.add("--" + name + "=" + value));
        certificates.ifPresent(files -> command.add("--client-cert-auth"));
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(member.name + ".log").toFile()));
            builder.environment().keySet().removeIf(name -> name.startsWith("ETCD_"));
            member.process = builder.start();
        } catch (IOException e) {
            throw new IllegalStateException("this test needs etcd (Debian: etcd-server): " + e.getMessage(), e);
        }
    }

    /** The beginning of a command line that runs where the members do. */
    private List<String> command(String program) {
        List<String> command = new ArrayList<>();
        namespace.ifPresent(where -> command.addAll(List.of("nsenter", "--net=" + where.path())));
        command.add(program);
        return command;
    }

    private void awaitHealth() {
        long deadline = System.nanoTime() + PATIENCE;
        while (true) {
            try {
                etcdctl("get", "none");
                return;
            } catch (IllegalStateException notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
                pause();
            }
        }
    }

    private void awaitPort(int port) {
        if (namespace.isPresent()) {
            // The port is not to be seen from here; etcdctl is.
            awaitHealth();
            return;
        }
        long deadline = System.nanoTime() + PATIENCE;
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                return;
            } catch (IOException notYet) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("etcd does not listen on " + port);
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
