package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.charm.PackedCharm.Member;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The packed charm, unpacked and run through dispatch with hook tools that are scripts. Needs root, for a mount namespace. */
@Tag("packed")
@Execution(ExecutionMode.CONCURRENT)
class PackedCharmIT {

    private static PackedCharm charm;

    @TempDir
    private Path root;

    @BeforeAll
    static void read() throws IOException {
        charm = PackedCharm.built();
    }

    @Test
    void what_juju_executes_is_executable() {
        for (String name : List.of("dispatch", "program/runtime/bin/java", "program/runtime/lib/jspawnhelper", "program/cni/calico")) {
            assertEquals("rwxr-xr-x", member(name).permissions(), name);
        }
        assertEquals("rw-r--r--", member("metadata.yaml").permissions());
    }

    @Test
    void every_hook_and_action_leads_to_dispatch() {
        List<String> links = charm.members().keySet().stream().filter(name -> name.matches("(hooks|actions)/.+")).toList();
        assertTrue(links.containsAll(List.of("hooks/install", "hooks/cni-relation-broken", "actions/check-subnets")), links::toString);
        for (String name : links) {
            assertTrue(member(name).isLink() && member(name).text().equals("../dispatch"), name);
        }
    }

    @Test
    void the_manifest_names_bases_and_this_architecture() {
        String manifest = member("manifest.yaml").text();
        assertTrue(manifest.contains("channel: \"22.04\"") && manifest.contains("channel: \"24.04\""), manifest);
        assertEquals(2, manifest.lines().filter(line -> line.matches(" {4}architectures: \\[[a-z0-9]+]")).count(), manifest);
        assertFalse(member("metadata.yaml").text().contains("series:"));
    }

    @Test
    void the_program_is_started_with_the_version_that_it_is() {
        String version = member("program/version").text().strip();
        for (String arguments : List.of("program/java.args", "program/hook.args")) {
            assertTrue(member(arguments).text().lines().toList().contains("-Dcanal.version=" + version), member(arguments).text());
        }
    }

    @Test
    void every_link_stays_within_the_charm() {
        charm.members().forEach((name, member) -> {
            if (member.isLink()) {
                Path target = Path.of("/" + name).resolveSibling(member.text()).normalize();
                assertTrue(!member.text().startsWith("/") && charm.members().containsKey(target.toString().substring(1)), name + " -> " + member.text());
            }
        });
    }

    @Test
    void the_runtime_accepts_the_cache_after_dispatch_has_restored_the_jars_times() throws Exception {
        prepare();
        assertEquals("", hooks("hooks/unknown"));
        Path program = root.resolve("charm/program");
        try (Stream<Path> jars = Files.list(program.resolve("lib"))) {
            assertTrue(jars.allMatch(jar -> time(jar).equals(FileTime.from(Instant.parse("2026-01-01T00:00:00Z")))));
        }
        // With this mode a cache that does not fit is an error instead of a slow start.
        for (String arguments : List.of("@java.args", "@hook.args")) {
            Process java = new ProcessBuilder("runtime/bin/java", arguments, "-XX:AOTMode=on", "--version")
                    .directory(program.toFile()).redirectErrorStream(true).start();
            String printed = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, java.waitFor(), printed);
        }
    }

    /** Else each start would make them. */
    @Test
    void the_cache_has_the_forms_of_native_calls_ready_that_are_listed() throws Exception {
        charm.unpack(root.resolve("charm"));
        Path program = root.resolve("charm/program");
        Files.setLastModifiedTime(program.resolve("lib/canal.jar"), FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
        Path classes = Path.of(NativeCalls.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Process java = new ProcessBuilder("runtime/bin/java", "@java.args", "-XX:AOTMode=on", "-Djava.lang.invoke.MethodHandle.TRACE_RESOLVE=true",
                "-cp", "lib/canal.jar:" + classes, NativeCalls.class.getName())
                .directory(program.toFile()).redirectErrorStream(true).start();
        String printed = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor(), printed);
        List<String> listed = Files.readAllLines(Path.of("src/pack/lambda-forms"));
        assertTrue(printed.lines().anyMatch(line -> line.endsWith(" (success)") && listed.contains(line.replace(" (success)", ""))), printed);
        assertEquals(List.of(), printed.lines().filter(line -> line.endsWith(" (fail)") && listed.contains(line.replace(" (fail)", ""))).toList());
    }

    /** Java's own TLS is slow until it is compiled, and a start waits for a handshake. */
    @Test
    void the_runtime_speaks_tls_by_the_library_that_is_packed() throws Exception {
        charm.unpack(root.resolve("charm"));
        Path program = root.resolve("charm/program");
        Path classes = Path.of(NativeTls.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Process java = new ProcessBuilder("runtime/bin/java", "@java.args", "-XX:AOTMode=off", "-cp", "lib/*:" + classes, NativeTls.class.getName())
                .directory(program.toFile()).redirectErrorStream(true).start();
        String printed = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor(), printed);
        assertEquals("true", printed.lines().toList().getLast(), printed);
    }

    /** The cache holds no method handles, and the JVM would make one at the first use of each such switch. */
    @Test
    void no_class_of_ours_asks_the_runtime_which_type_it_switches_on() throws Exception {
        charm.unpack(root.resolve("charm"));
        List<String> left = new ArrayList<>();
        int answered = 0;
        try (JarFile jar = new JarFile(root.resolve("charm/program/lib/canal.jar").toFile())) {
            for (JarEntry entry : jar.stream().filter(each -> each.getName().matches("io/canal/.*\\.class")).toList()) {
                ClassModel model = ClassFile.of().parse(jar.getInputStream(entry).readAllBytes());
                for (MethodModel method : model.methods()) {
                    answered += method.methodName().stringValue().startsWith("typeSwitch$") ? 1 : 0;
                    method.code().stream().flatMap(CodeModel::elementStream).filter(PackedCharmIT::isSwitchOverTypes)
                            .forEach(_ -> left.add(entry.getName() + " " + method.methodName().stringValue()));
                }
            }
        }
        assertEquals(List.of(), left);
        assertTrue(answered > 50, () -> "only few switches were found: is the charm made from other classes?");
    }

    private static boolean isSwitchOverTypes(CodeElement element) {
        return element instanceof InvokeDynamicInstruction call && call.name().equalsString("typeSwitch")
                && call.invokedynamic().bootstrap().arguments().stream().allMatch(ClassEntry.class::isInstance);
    }

    @Test
    void install_and_stop_leave_nothing_behind() throws Exception {
        prepare();
        List<String> before = tree();
        hooks("hooks/install", "hooks/config-changed");
        assertTrue(Files.isExecutable(root.resolve("opt/canal/current/runtime/bin/java")));
        assertTrue(Files.isSymbolicLink(root.resolve("etc/systemd/system/flannel.service")));
        assertTrue(calls().contains("status-set blocked -- Waiting for etcd relation."), calls()::toString);
        assertTrue(calls().contains("application-version-set -- " + member("program/version").text().strip()), calls()::toString);
        hooks("hooks/stop", "hooks/remove");
        assertEquals(before, tree());
    }

    @Test
    void check_subnets_works_on_a_node_that_has_nothing() throws Exception {
        prepare();
        hooks("actions/check-subnets");
        String results = calls().toString();
        assertTrue(results.contains("consistent=false"), results);
        assertTrue(results.contains("witnesses.lease=missing: canal has not been configured yet"), results);
    }

    private static Member member(String name) {
        Member member = charm.members().get(name);
        assertTrue(member != null, () -> name + " is missing");
        return member;
    }

    private void prepare() throws IOException {
        charm.unpack(root.resolve("charm"));
        Path tools = Files.createDirectories(root.resolve("tools"));
        Map<String, String> answers = Map.of(
                "config-get", "{\"cidr\":\"10.1.0.0/16\",\"iface\":\"\",\"mtu\":0,\"nodefault\":null}",
                "is-leader", "true",
                "relation-ids", "[]",
                "relation-list", "[]",
                "relation-get", "{}",
                "network-get", "{}",
                "action-get", "{}");
        for (String tool : List.of("config-get", "is-leader", "relation-ids", "relation-list", "relation-get", "relation-set", "network-get",
                "status-set", "application-version-set", "juju-log", "action-get", "action-set", "action-fail")) {
            Files.writeString(tools.resolve(tool + ".json"), answers.getOrDefault(tool, "") + "\n");
            Path script = tools.resolve(tool);
            Files.writeString(script, "#!/bin/sh\necho \"${0##*/} $*\" >>/tools/calls\nexec cat \"$0.json\"\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    /** Runs hooks; what the charm printed. */
    private String hooks(String... hooks) throws Exception {
        List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "src/test/resources/packed/run-hooks.sh", root.toString()));
        command.addAll(List.of(hooks));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return printed;
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(root.resolve("tools/calls"));
    }

    /** Files and links of the node itself. */
    private List<String> tree() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.map(path -> root.relativize(path).toString())
                    .filter(path -> path.matches("(etc|opt|var|run|usr)/.*") && !Files.isDirectory(root.resolve(path), LinkOption.NOFOLLOW_LINKS))
                    .sorted().toList();
        }
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
