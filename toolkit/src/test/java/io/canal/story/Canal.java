package io.canal.story;

import io.canal.lab.Program;
import io.canal.lab.Program.Outcome;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The program that the launcher starts, in a process of its own. */
final class Canal {

    private static final Path HOME = Path.of(System.getProperty("canal.home")).toAbsolutePath().normalize();

    private Canal() {}

    static Path home() {
        return HOME;
    }

    /** The command line of {@code canal ARGUMENTS}. */
    static List<String> argv(String... arguments) {
        return argvAt(HOME, arguments);
    }

    /** The same, where another folder stands for the checkout; the program is that of this one. Like the launcher's it has an archive of its classes. */
    private static List<String> argvAt(Path home, String... arguments) {
        List<String> argv = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED",
                "-Dsun.misc.unsafe.memory.access=allow", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + HOME.resolve("toolkit/target/canal.jsa"), "-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Dcanal.home=" + home,
                "-cp", classPath(), "io.canal.cli.Main"));
        argv.addAll(List.of(arguments));
        return argv;
    }

    static Outcome run(String... arguments) {
        return Program.of(argv(arguments)).within(Duration.ofMinutes(6)).run();
    }

    /** Runs it, and expects success; returns what it printed. */
    static String must(String... arguments) {
        return mustAt(HOME, arguments);
    }

    /** The same with the charms of another checkout. */
    static String mustAt(Path home, String... arguments) {
        Outcome outcome = Program.of(argvAt(home, arguments)).within(Duration.ofMinutes(6)).run();
        if (!outcome.succeeded()) {
            throw new AssertionError("canal " + String.join(" ", arguments) + " ended with " + outcome.code() + ":\n" + outcome.out() + outcome.err());
        }
        return outcome.out();
    }

    private static String classPath() {
        Path target = HOME.resolve("toolkit/target");
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(target, "canal-toolkit-*.jar")) {
            StringBuilder path = new StringBuilder();
            jars.forEach(jar -> path.append(jar).append(':'));
            return path + Files.readString(target.resolve("classpath"));
        } catch (IOException notBuilt) {
            throw new AssertionError("the toolkit is not packaged", notBuilt);
        }
    }
}
