package io.canal.lab;

import io.canal.kernel.libc.Flock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * The file system that the hosts of all labs share: a small Debian from the archive that the machine's own apt uses. It is kept
 * under a digest of all that went into it, built under a lock, and gets its name when it is complete.
 */
final class BaseTree {

    /** Grows when the steps below change, so that nobody uses a tree that an older program made. */
    private static final String RECIPE = "2";

    private static final Duration LONGEST_BUILD = Duration.ofMinutes(20);

    private final Path cache;
    private final Path tree;

    BaseTree(Places places) {
        this.cache = places.cache();
        this.tree = cache.resolve("base-" + digest());
    }

    boolean isThere() {
        return Files.exists(tree);
    }

    /** The tree, built where it is not there. */
    Path ensure(Consumer<String> progress) {
        if (isThere()) {
            return tree;
        }
        Folders.make(cache);
        try {
            Flock lock = Flock.acquire(cache.resolve("lock"), LONGEST_BUILD).orElseThrow(() -> new LabException(
                    "Another command has been building the base tree in " + cache + " for more than " + LONGEST_BUILD.toMinutes()
                            + " minutes."));
            try {
                buildUnlessThere(progress);
            } finally {
                lock.close();
            }
            return tree;
        } catch (IOException refused) {
            throw new LabException("The base tree cannot be made in " + cache + ": " + refused.getMessage(), refused);
        }
    }

    private void buildUnlessThere(Consumer<String> progress) throws IOException {
        if (!isThere()) {
            Path unfinished = cache.resolve("unfinished");
            Folders.remove(unfinished);
            build(unfinished, progress);
            Files.move(unfinished, tree, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    void removeAll() {
        Folders.remove(cache);
    }

    private void build(Path into, Consumer<String> progress) throws IOException {
        debootstrap(into, progress);
        progress.accept("settling");
        List<String> masked = lines("masked-units.txt");
        for (String unit : masked) {
            Path mask = into.resolve("etc/systemd/system").resolve(unit);
            Files.deleteIfExists(mask);
            Files.createSymbolicLink(mask, Path.of("/dev/null"));
        }
        // What the packages started by themselves is for charms and tests to start.
        disable(into, "containerd.service");
        disable(into, "etcd.service");
        disable(into, "iperf3.service");
        try (DirectoryStream<Path> keys = Files.newDirectoryStream(into.resolve("etc/ssh"), "ssh_host_*")) {
            for (Path key : keys) {
                Files.delete(key);
            }
        }
        Files.writeString(into.resolve("etc/ssh/sshd_config.d/lab.conf"), text("sshd.conf"));
        // Runtimes take the first configuration by name: before canal's is there they would attach pods to podman's own bridge.
        Files.deleteIfExists(into.resolve("etc/cni/net.d/87-podman-bridge.conflist"));
        Files.deleteIfExists(into.resolve("etc/resolv.conf"));
        Folders.remove(into.resolve("var/cache/apt"));
        Folders.remove(into.resolve("var/lib/apt/lists"));
        Folders.remove(into.resolve("var/lib/etcd"));
    }

    private void debootstrap(Path into, Consumer<String> progress) throws IOException {
        AptSource source = AptSource.ofThisMachine();
        List<String> argv = new ArrayList<>(List.of("debootstrap", "--variant=minbase", "--include=" + String.join(",", lines("packages.txt"))));
        if (!source.keyring().isEmpty()) {
            argv.add("--keyring=" + source.keyring());
        }
        argv.addAll(List.of(source.suite(), into.toString(), source.uri()));
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        if (!source.proxy().isEmpty()) {
            builder.environment().put("http_proxy", source.proxy());
        }
        Process process = builder.start();
        Path log = cache.resolve("debootstrap.log");
        String last = "";
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8); var to = Files.newBufferedWriter(log)) {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                to.write(line);
                to.newLine();
                if (line.startsWith("I: ")) {
                    progress.accept(line.substring(3).replace("...", ""));
                }
                last = line;
            }
            int code = process.waitFor();
            if (code != 0) {
                throw new LabException("debootstrap of " + source.suite() + " from " + source.uri() + " failed (" + last + "); see " + log + ".");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LabException("Making the base tree was interrupted.", interrupted);
        } finally {
            process.destroy();
        }
    }

    private static void disable(Path root, String unit) throws IOException {
        Files.deleteIfExists(root.resolve("etc/systemd/system/multi-user.target.wants").resolve(unit));
    }

    private static String digest() {
        String all = RECIPE + text("packages.txt") + text("masked-units.txt") + text("sshd.conf") + System.getProperty("os.arch");
        return HexFormat.of().formatHex(LabName.sha256(all), 0, 6);
    }

    private static List<String> lines(String resource) {
        return text(resource).lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList();
    }

    private static String text(String resource) {
        try (InputStream from = Objects.requireNonNull(BaseTree.class.getResourceAsStream(resource), resource)) {
            return new String(from.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new LabException(resource + " of the lab cannot be read: " + broken.getMessage(), broken);
        }
    }
}
