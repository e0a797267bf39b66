package io.canal.kernel.testing;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Network namespaces for one test, removed when it ends; those of test runs that were killed are removed by the next.
 *
 * <p>Tools such as ip(8) run in them for a view of the kernel that is not our own. Needs root.
 */
public final class TestNamespaces implements AutoCloseable {

    private static final String PREFIX = "canaltest-";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String prefix = PREFIX + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet() + "-";
    private final List<NetworkNamespace> made = new ArrayList<>();

    public TestNamespaces() {
        removeLeftovers();
    }

    /** A namespace whose loopback is up; {@code name} is a part of its real name. */
    public NetworkNamespace add(String name) {
        try {
            NetworkNamespace namespace = NetworkNamespace.create(prefix + name);
            made.add(namespace);
            ip(namespace, "link", "set", "lo", "up");
            return namespace;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A veth pair between two namespaces, both ends up. */
    public void veth(NetworkNamespace a, String nameInA, NetworkNamespace b, String nameInB) {
        ip(a, "link", "add", nameInA, "type", "veth", "peer", "name", nameInB, "netns", b.path().getFileName().toString());
        ip(a, "link", "set", nameInA, "up");
        ip(b, "link", "set", nameInB, "up");
    }

    /** {@code ip ARGUMENTS} in the namespace: what it printed, without the white space around it. Fails where ip fails. */
    public static String ip(NetworkNamespace namespace, String... arguments) {
        return run(namespace, concat("ip", arguments));
    }

    /** {@code bridge ARGUMENTS} in the namespace. */
    public static String bridge(NetworkNamespace namespace, String... arguments) {
        return run(namespace, concat("bridge", arguments));
    }

    /** Runs a command in the namespace: what it printed on both streams. Fails where the command does. */
    public static String run(NetworkNamespace namespace, String... command) {
        Output output = tryRun(namespace, command);
        if (output.code != 0) {
            throw new AssertionError(String.join(" ", command) + " failed with " + output.code + ": " + output.text);
        }
        return output.text;
    }

    /** Runs a command in the namespace, and may fail. */
    public static Output tryRun(NetworkNamespace namespace, String... command) {
        try {
            Process process = start(namespace, command);
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return new Output(process.waitFor(), text);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while " + String.join(" ", command) + " ran", interrupted);
        }
    }

    /** Starts a command in the namespace, its two output streams as one; the test ends it, or the end of the JVM does. */
    public static Process start(NetworkNamespace namespace, String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=" + namespace.path()));
        line.addAll(Arrays.asList(command));
        if (command[0].matches("ip6?tables(-legacy)?")) {
            // Its lock is one for all namespaces, and so for all tests at work.
            line.add(3, "-w");
        }
        return Spawned.with(new ProcessBuilder(line).redirectErrorStream(true).start());
    }

    /** What a command printed, and its exit code. */
    public record Output(int code, String text) {}

    @Override
    public void close() {
        for (NetworkNamespace namespace : made.reversed()) {
            delete(namespace);
        }
        made.clear();
    }

    private static String[] concat(String first, String... rest) {
        return Stream.concat(Stream.of(first), Arrays.stream(rest)).toArray(String[]::new);
    }

    private static void removeLeftovers() {
        if (!Files.isDirectory(NetworkNamespace.NAMED)) {
            return;
        }
        try (Stream<Path> all = Files.list(NetworkNamespace.NAMED)) {
            all.filter(path -> isLeftover(path.getFileName().toString())).map(NetworkNamespace::new).forEach(TestNamespaces::delete);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static boolean isLeftover(String name) {
        if (!name.startsWith(PREFIX)) {
            return false;
        }
        String pid = name.substring(PREFIX.length()).split("-", 2)[0];
        return pid.matches("[0-9]{1,9}") && !Files.exists(Path.of("/proc", pid));
    }

    private static void delete(NetworkNamespace namespace) {
        try {
            namespace.delete();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
