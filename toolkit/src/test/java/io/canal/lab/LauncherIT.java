package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Program.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./canal} refuses, before it changes anything. */
class LauncherIT {

    private static final Path CANAL = Path.of(System.getProperty("canal.home"), "canal");

    @TempDir
    Path folder;

    @Test
    void it_is_a_script_for_any_posix_shell() {
        Program.of("dash", "-n", CANAL.toString()).must();
    }

    @Test
    void without_root_it_says_so_in_one_sentence() throws IOException {
        // Somebody else than root may not be able to read the checkout.
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        refused(Program.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", copy.toString(), "up"),
                "must be root; try: sudo");
    }

    @Test
    void where_network_namespaces_cannot_be_made_it_says_so_in_one_sentence() {
        refused(Program.of("setpriv", "--bounding-set", "-sys_admin", "sh", CANAL.toString(), "up"), "needs network namespaces");
    }

    @Test
    void what_a_sandbox_forbids_is_not_blamed_on_the_kernel_alone() {
        refused(Program.of("setpriv", "--bounding-set", "-net_admin", "sh", CANAL.toString(), "up"),
                "needs veth devices, which this kernel does not have or this sandbox does not let root make.");
    }

    @Test
    void its_class_path_lies_in_the_checkout_and_can_be_read_by_all() throws IOException {
        Path home = CANAL.toAbsolutePath().normalize().getParent();
        for (String jar : Files.readString(home.resolve("toolkit/target/classpath")).strip().split(":")) {
            assertTrue(Path.of(jar).startsWith(home), jar);
            assertTrue(Files.getPosixFilePermissions(Path.of(jar)).contains(PosixFilePermission.OTHERS_READ), jar);
        }
    }

    @Test
    void an_unknown_word_after_test_is_named() {
        refused(Program.of("sh", CANAL.toString(), "test", "--fast"), "\"--fast\", expected nothing, --quick, --with-flanneld PATH or --with-felix PATH");
        refused(Program.of("sh", CANAL.toString(), "test", "--with-flanneld", "/nowhere"), "\"/nowhere\", expected the path of a flanneld");
        refused(Program.of("sh", CANAL.toString(), "test", "--with-felix", "/nowhere"), "\"/nowhere\", expected the path of a Felix");
    }

    @Test
    void it_tells_how_it_is_used_from_any_folder_and_by_a_path_with_spaces() throws IOException {
        Path copy = Files.copy(CANAL, Files.createDirectory(folder.resolve("a b")).resolve("canal"));
        Outcome outcome = Program.of("sh", "-c", "cd / && exec \"$0\" --help", copy.toString()).run();
        assertEquals(0, outcome.code(), outcome.said());
        assertTrue(outcome.out().contains("up [--hosts N]"), outcome.out());
    }

    @Test
    void an_unknown_command_is_refused_before_anything_is_installed_or_built() throws IOException {
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        refused(Program.of("sh", copy.toString(), "stauts"), "has no command \"stauts\"");
        refused(Program.of("sh", copy.toString(), "help", "stauts"), "has no command \"stauts\"");
        assertTrue(Files.notExists(folder.resolve("build")));
    }

    @Test
    void its_own_commands_tell_their_usage_to_anybody() throws IOException {
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String command : List.of("test", "bench", "build")) {
            Outcome outcome = Program.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", copy.toString(), command, "--help").run();
            assertEquals(0, outcome.code(), outcome.said());
            assertTrue(outcome.out().startsWith("  " + command + " "), outcome.out());
        }
    }

    @Test
    void a_bench_that_there_is_not_is_refused_with_those_that_there_are_before_anything_is_built() {
        refused(Program.of("sh", CANAL.toString(), "bench", "--policies", "10", "nonsense"), "there is no bench \"nonsense\", expected one of filter peers ");
        assertTrue(Program.of("sh", CANAL.toString(), "bench", "--help").must().contains("filter peers cni"), "bench --help names them");
    }

    @Test
    void before_it_is_built_help_is_what_the_launcher_knows_and_builds_nothing() throws IOException {
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        Outcome up = Program.of("sh", copy.toString(), "help", "up").run();
        assertEquals(0, up.code(), up.said());
        assertTrue(up.out().startsWith("  up [--hosts N]"), up.out());
        assertTrue(up.err().contains("is not built yet"), up.err());
        Outcome status = Program.of("sh", copy.toString(), "status", "--help").run();
        assertEquals(0, status.code(), status.said());
        assertTrue(status.out().contains("status, run, exec"), status.out());
        assertTrue(Files.notExists(folder.resolve("build")));
    }

    @Test
    void what_was_built_from_libraries_that_one_cannot_read_is_told_in_one_sentence() throws IOException {
        Path copy = checkout();
        builds(copy);
        Path library = Files.createDirectory(folder.resolve("private"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(library.resolve("jackson.jar"), "");
        Files.writeString(folder.resolve("toolkit/target/classpath"), library.resolve("jackson.jar").toString());
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        refused(Program.of("env", "JAVA_HOME=" + System.getProperty("java.home"), "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                "sh", copy.toString(), "status"), "not yours to read; try: sudo ");
    }

    @Test
    void what_kept_services_from_starting_is_taken_back_after_a_kill_and_only_if_it_is_ours() throws IOException {
        Path policy = folder.resolve("policy-rc.d");
        String ours = "#!/bin/sh\n# While canal, process %d, installs packages.\nexit 101\n";
        assertTrue(isKept(policy, "#!/bin/sh\nexit 101\n"));
        assertTrue(isKept(policy, ours.formatted(ProcessHandle.current().pid())));
        assertFalse(isKept(policy, ours.formatted(999_999_999)));
    }

    private static boolean isKept(Path policy, String text) throws IOException {
        Files.writeString(policy, text);
        Program.of("env", "CANAL_POLICY_RC=" + policy, "sh", CANAL.toString(), "--help").must();
        return Files.exists(policy);
    }

    @Test
    void a_file_that_is_removed_or_a_link_makes_what_is_built_out_of_date() throws IOException {
        Path copy = checkout();
        Path hook = folder.resolve("hooks/install");
        assertEquals(1, builds(copy));
        assertEquals(1, builds(copy));
        Files.delete(hook);
        assertEquals(2, builds(copy));
        Files.createSymbolicLink(hook, Path.of("../dispatch"));
        assertEquals(3, builds(copy));
        assertEquals(3, builds(copy));
    }

    /** A launcher whose one source is a hook, with a Maven that only says that it was called. */
    private Path checkout() throws IOException {
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        Files.writeString(Files.createDirectories(folder.resolve("hooks")).resolve("install"), "");
        Files.createDirectories(folder.resolve("charm/target"));
        Files.createDirectories(folder.resolve("toolkit/target"));
        Files.writeString(folder.resolve("charm/target/canal_amd64.charm"), "");
        Files.writeString(folder.resolve("toolkit/target/classpath"), "");
        Path maven = Files.writeString(Files.createDirectory(folder.resolve("bin")).resolve("mvn"), "#!/bin/sh\necho built >>\"$CANAL_BUILT\"\n");
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
        return copy;
    }

    @Test
    void tests_end_with_a_line_that_says_how_it_went_how_long_it_took_and_where_to_look() throws IOException {
        String reports = "agent/target/failsafe-reports";
        Path copy = withMaven("mkdir -p " + reports + "; for each in Good Bad; do echo '<testcase/>' >" + reports + "/TEST-io.canal.${each}IT.xml; done\n"
                + "[ -n \"$CANAL_GOOD\" ] || { echo '<failure message=\"no\">' >>" + reports + "/TEST-io.canal.BadIT.xml; exit 1; }\n");
        Outcome good = Program.of("sh", copy.toString(), "test").env("CANAL_GOOD", "1").env("PATH", path()).env("JAVA_HOME", System.getProperty("java.home")).run();
        assertEquals(0, good.code(), good.said());
        assertTrue(good.out().matches("(?s).*\nTests: passed, after 0 min \\d+ s; reports: [*]/target/[*]-reports\n"), good.out());
        Outcome bad = Program.of("sh", copy.toString(), "test").env("CANAL_GOOD", "").env("PATH", path()).env("JAVA_HOME", System.getProperty("java.home")).run();
        assertEquals(1, bad.code(), bad.said());
        assertTrue(bad.out().matches("(?s).*\nTests: FAILED, after 0 min \\d+ s; see\n  " + reports + "/io.canal.BadIT.txt\n"), bad.out());
    }

    @Test
    void a_quick_run_tests_all_modules_with_the_same_left_out_and_fails_where_one_of_them_does() throws IOException {
        Path copy = withMaven("echo \"$*\" >>\"$CANAL_CALLS\"\ncase \" $* \" in *\"$CANAL_BAD\"*) exit 1 ;; esac\n");
        for (String bad : List.of("nothing", " package ", " verify ", " surefire:test@default-test ")) {
            Path calls = folder.resolve("calls" + bad.strip());
            Outcome outcome = Program.of("sh", copy.toString(), "test", "--quick").env("CANAL_CALLS", calls.toString()).env("CANAL_BAD", bad)
                    .env("PATH", path()).env("JAVA_HOME", System.getProperty("java.home")).run();
            assertEquals(bad.equals("nothing") ? 0 : 1, outcome.code(), outcome.said());
            assertTrue(outcome.out().contains(bad.equals("nothing") ? "Tests: passed" : "Tests: FAILED"), outcome.out());
            if (!bad.equals(" package ")) {
                List<String> tests = Files.readAllLines(calls).stream().skip(1).toList();
                assertEquals(2, tests.size(), tests::toString);
                assertTrue(tests.stream().allMatch(call -> call.contains("-Dtest.without=long | alone | packed ")), tests::toString);
                assertTrue(tests.stream().anyMatch(call -> call.contains("-pl agent surefire:test@default-test failsafe:integration-test@side-by-side failsafe:verify@results")), tests::toString);
                assertTrue(tests.stream().anyMatch(call -> call.endsWith("-Dagent.untested=true -Dpack.skip=true verify")), tests::toString);
            }
        }
    }

    @Test
    void what_a_quick_run_compiled_without_checks_the_whole_one_compiles_again() throws IOException {
        Path copy = withMaven("exit 0\n");
        Path compiled = folder.resolve("agent/target/classes/Main.class");
        Files.createDirectories(compiled.getParent());
        Files.writeString(compiled, "");
        tests(copy);
        assertTrue(Files.exists(compiled), "it was compiled with the checks");
        tests(copy, "--quick");
        assertTrue(Files.exists(compiled), "a quick run compiles what has changed");
        tests(copy);
        assertFalse(Files.exists(compiled));
        assertFalse(Files.exists(folder.resolve("build/unchecked")));
        assertTrue(Files.exists(folder.resolve("agent/target")));
    }

    private void tests(Path copy, String... options) {
        List<String> argv = new ArrayList<>(List.of("sh", copy.toString(), "test"));
        argv.addAll(List.of(options));
        Program.of(argv).env("PATH", path()).env("JAVA_HOME", System.getProperty("java.home")).must();
    }

    @Test
    void two_test_runs_in_one_checkout_are_refused() throws IOException {
        Path copy = withMaven("sh \"$CANAL_COPY\" test\n");
        Outcome outcome = Program.of("sh", copy.toString(), "test").env("CANAL_COPY", copy.toString()).env("PATH", path())
                .env("JAVA_HOME", System.getProperty("java.home")).run();
        assertEquals(1, outcome.code(), outcome.said());
        assertTrue(outcome.err().contains("canal: another canal test runs in this checkout"), outcome.err());
    }

    /** A launcher with a Maven that does this instead. */
    private Path withMaven(String script) throws IOException {
        Path maven = Files.writeString(Files.createDirectory(folder.resolve("bin")).resolve("mvn"), "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
        return Files.copy(CANAL, folder.resolve("canal"));
    }

    private String path() {
        return folder.resolve("bin") + ":" + System.getenv("PATH");
    }

    private int builds(Path copy) throws IOException {
        Path built = folder.resolve("built");
        Program.of("env", "CANAL_BUILT=" + built, "PATH=" + folder.resolve("bin") + ":" + System.getenv("PATH"),
                "JAVA_HOME=" + System.getProperty("java.home"), "sh", copy.toString(), "build").must();
        return Files.readAllLines(built).size();
    }

    @Test
    void what_root_has_built_is_not_built_again_by_somebody_else_who_is_told() throws IOException {
        a_file_that_is_removed_or_a_link_makes_what_is_built_out_of_date();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Program.of("chmod", "-R", "a+rX", folder.toString()).must();
        Files.delete(folder.resolve("hooks/install"));
        refused(Program.of("env", "PATH=" + folder.resolve("bin") + ":" + System.getenv("PATH"), "JAVA_HOME=" + System.getProperty("java.home"),
                "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", folder.resolve("canal").toString(), "build"),
                "is not yours to build again; try: sudo");
    }

    private static void refused(Program program, String part) {
        Outcome outcome = program.run();
        assertEquals(1, outcome.code(), outcome.said());
        assertTrue(outcome.err().contains(part), outcome.err());
        assertEquals(1, outcome.err().strip().lines().count(), outcome.err());
    }
}
