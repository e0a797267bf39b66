package io.canal.pack;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * The folder {@code program/} of the charm, which becomes {@code /opt/canal/<digest>} on a node: runtime, jars, flags, AOT cache,
 * templates, CNI client.
 *
 * @param folder the folder itself
 * @param scratch where notes about what was built from what are kept
 */
record Program(Path folder, Path scratch) {

    /** The time that all jars have: the AOT cache remembers it, and {@code dispatch} restores it after unpacking. */
    static final Instant JAR_TIME = Instant.parse("2026-01-01T00:00:00Z");

    private static final List<String> MODULES = List.of(
            "java.base", "java.desktop", "java.logging", "java.management", "java.naming", "java.sql", "java.xml",
            "jdk.crypto.ec", "jdk.httpserver", "jdk.jfr", "jdk.management", "jdk.net", "jdk.unsupported");

    private static final List<String> JLINK = List.of(
            "--compress=zip-6", "--no-header-files", "--no-man-pages", "--vm=server",
            // FreeMarker needs java.beans, and nothing that draws.
            "--exclude-files=/java.desktop/lib/lib*",
            "--add-modules=" + String.join(",", MODULES));

    /** The one jar that all others are put into. */
    private static final String JAR = "canal.jar";

    /** How the jars of canal itself begin. */
    private static final String OURS = "canal-";

    /** How the jar begins that has nothing but a library of BoringSSL for this machine; the library lies beside the jars, for Netty would unpack it at each start. */
    private static final String NATIVE = "netty-tcnative-boringssl-static-";

    void build(List<Path> all, Path templates, Path client, String version) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Files.createDirectories(scratch);
        Files.writeString(scratch.resolve("jars"), String.join(":", all.stream().map(Path::toString).toList()));
        linkRuntime(templates.resolveSibling("charm/src/pack/lambda-forms"));
        copyJars(all.stream().filter(jar -> !isNative(jar)).toList());
        copyNative(all.stream().filter(Program::isNative).toList());
        copyFlat(templates, folder.resolve("templates"));
        put(client, folder.resolve("cni/calico"), "rwxr-xr-x");
        put(templates.resolveSibling("charm/src/pack/calicoctl"), folder.resolve("bin/calicoctl"), "rwxr-xr-x");
        write("version", version + "\n");
        String flags = Files.readString(templates.resolveSibling("charm/src/pack/java.args")).strip();
        String classPath = "lib/" + JAR;
        String cached = digestOf(List.of("runtime/release", "runtime/lib/modules", "runtime/lib/classlist", "runtime/lib/server/libjvm.so", "lib", "native", "templates"), flags);
        removeCachesBut(cached);
        for (Role role : Role.values()) {
            write(role.arguments, flags + role.flags + "\n-Dcanal.version=" + version + "\n-XX:AOTCache=" + role.cache(cached) + "\n-cp " + classPath + "\n");
        }
        // The caches, which differ from build to build, are not in the digest; the training of hooks installs the program and needs it.
        write("digest", digestOf(List.of("runtime", "lib", "native", "templates", "cni", "bin", "java.args", "hook.args", "version"), "").substring(0, 24) + "\n");
        train(flags, classPath, cached);
    }

    /**
     * What a JVM on a node is for. Each has an AOT cache of its own: all classes of a cache are loaded at start, and a hook need not
     * load what the agent speaks to etcd with (measured: 90 of 260 ms of a hook's CPU time).
     */
    private enum Role {
        AGENT("agent", "java.args", "io.canal.agent.Main", ""),
        // A hook ends before most of what it compiles has paid (measured: 12 % of the processor time of three hooks).
        HOOK("hook", "hook.args", "io.canal.charm.Main", "\n-XX:CompileThresholdScaling=6");

        private final String word;
        private final String arguments;
        private final String main;
        private final String flags;

        Role(String word, String arguments, String main, String flags) {
            this.word = word;
            this.arguments = arguments;
            this.main = main;
            this.flags = flags;
        }

        /** The name of this role's cache of what has such a digest. */
        String cache(String cached) {
            return word + "-" + cached.substring(0, 16) + ".aot";
        }
    }

    String digest() throws IOException {
        return Files.readString(folder.resolve("digest")).strip();
    }

    private void linkRuntime(Path lambdaForms) throws IOException, InterruptedException {
        Path jdk = Path.of(System.getProperty("java.home"));
        List<String> forms = Files.readAllLines(lambdaForms).stream().filter(line -> !line.startsWith("#")).map(line -> "@lambda-form-invoker " + line).toList();
        String from = Files.readString(jdk.resolve("release")) + String.join("\n", JLINK) + String.join("\n", forms);
        Path note = scratch.resolve("runtime.from");
        Path runtime = folder.resolve("runtime");
        if (Files.exists(note) && Files.readString(note).equals(from) && Files.exists(runtime.resolve("release"))) {
            return;
        }
        Path jlink = jdk.resolve("bin/jlink");
        if (!Files.isExecutable(jlink)) {
            throw new IOException(jlink + " is missing: the charm's runtime is made with a whole JDK, not with a runtime");
        }
        delete(runtime);
        List<String> command = new ArrayList<>(List.of(jlink.toString(), "--output", runtime.toString()));
        command.addAll(JLINK);
        run(command, folder, "jlink");
        // The JVM reads it when it makes a cache, and from it alone which forms shall be ready.
        Files.write(runtime.resolve("lib/classlist"), forms, StandardOpenOption.APPEND);
        Files.writeString(note, from);
    }

    private void copyJars(List<Path> jars) throws IOException {
        Path lib = folder.resolve("lib");
        Files.createDirectories(lib);
        try (Stream<Path> old = Files.list(lib)) {
            for (Path file : old.filter(each -> !each.getFileName().toString().equals(JAR)).toList()) {
                Files.delete(file);
            }
        }
        Path made = scratch.resolve(JAR);
        OneJar.write(jars, OURS, made);
        put(made, lib.resolve(JAR), "rw-r--r--");
    }

    private static boolean isNative(Path jar) {
        return jar.getFileName().toString().startsWith(NATIVE);
    }

    private void copyNative(List<Path> jars) throws IOException {
        Path to = folder.resolve("native");
        delete(to);
        Files.createDirectories(to);
        for (Path jar : jars) {
            try (JarFile opened = new JarFile(jar.toFile())) {
                for (JarEntry entry : opened.stream().filter(each -> each.getName().endsWith(".so")).toList()) {
                    Path library = to.resolve(Path.of(entry.getName()).getFileName());
                    try (InputStream content = opened.getInputStream(entry)) {
                        Files.copy(content, library);
                    }
                    Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-r--r--"));
                    Files.setLastModifiedTime(library, FileTime.from(JAR_TIME));
                }
            }
        }
    }

    /** Makes the caches that are not there, side by side: each run is one processor's work. */
    private void train(String flags, String classPath, String cached) throws IOException, InterruptedException {
        Map<Role, Process> runs = new EnumMap<>(Role.class);
        for (Role role : Role.values()) {
            if (!Files.exists(folder.resolve(role.cache(cached)))) {
                Path file = scratch.resolve(role.word + ".args");
                // Not into the folder, which the training of hooks copies.
                Files.writeString(file, flags + "\n-XX:AOTCacheOutput=" + folder.relativize(made(role)) + "\n-cp " + classPath + "\n");
                Files.deleteIfExists(made(role));
                runs.put(role, start(List.of(folder.resolve("runtime/bin/java").toString(), "@" + file, "-Dcanal.home=" + folder, role.main, "--train"),
                        folder, training(role)));
            }
        }
        try {
            for (Map.Entry<Role, Process> run : runs.entrySet()) {
                await(run.getValue(), training(run.getKey()));
            }
        } finally {
            runs.values().forEach(Process::destroyForcibly);
        }
        for (Role role : runs.keySet()) {
            if (!Files.exists(made(role))) {
                throw new IOException("the training run left no AOT cache; see " + log(training(role)));
            }
            Files.move(made(role), folder.resolve(role.cache(cached)), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private Path made(Role role) {
        return scratch.resolve(role.word + ".aot");
    }

    private static String training(Role role) {
        return "training-" + role.word;
    }

    private void removeCachesBut(String digest) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path old : entries.filter(entry -> entry.toString().contains(".aot") && !entry.toString().endsWith(digest.substring(0, 16) + ".aot")).toList()) {
                Files.delete(old);
            }
        }
    }

    private void run(List<String> command, Path where, String name) throws IOException, InterruptedException {
        await(start(command, where, name), name);
    }

    private Process start(List<String> command, Path where, String name) throws IOException {
        return new ProcessBuilder(command).directory(where.toFile()).redirectErrorStream(true).redirectOutput(log(name).toFile()).start();
    }

    private void await(Process process, String name) throws IOException, InterruptedException {
        int code = process.waitFor();
        if (code != 0) {
            throw new IOException(name + " failed with exit code " + code + ":\n" + Files.readString(log(name)));
        }
    }

    private Path log(String name) {
        return scratch.resolve(name + ".log");
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.exists(file) || !Files.readString(file).equals(text)) {
            Files.writeString(file, text);
        }
    }

    private static void copyFlat(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> old = Files.list(to)) {
            for (Path file : old.filter(each -> !Files.exists(from.resolve(each.getFileName()))).toList()) {
                Files.delete(file);
            }
        }
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                put(file, to.resolve(file.getFileName()), "rw-r--r--");
            }
        }
    }

    private static void put(Path from, Path to, String permissions) throws IOException {
        Files.createDirectories(to.getParent());
        if (!Files.exists(to) || Files.mismatch(from, to) >= 0) {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.setPosixFilePermissions(to, PosixFilePermissions.fromString(permissions));
        Files.setLastModifiedTime(to, FileTime.from(JAR_TIME));
    }

    /** A digest of files and folders below {@link #folder}: names, links, executable bits and contents. */
    private String digestOf(List<String> names, String more) throws IOException {
        MessageDigest sha = sha256();
        sha.update(more.getBytes(StandardCharsets.UTF_8));
        for (String name : names) {
            try (Stream<Path> tree = Files.walk(folder.resolve(name))) {
                for (Path file : tree.sorted().toList()) {
                    sha.update(folder.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
                    if (Files.isSymbolicLink(file)) {
                        sha.update(Files.readSymbolicLink(file).toString().getBytes(StandardCharsets.UTF_8));
                    } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                        sha.update((byte) (Files.isExecutable(file) ? 1 : 0));
                        sha.update(sha256().digest(Files.readAllBytes(file)));
                    }
                }
            }
        }
        return HexFormat.of().formatHex(sha.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        }
    }
}
