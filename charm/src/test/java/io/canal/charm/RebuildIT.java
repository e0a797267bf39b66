package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same sources make the same charm, but for the AOT caches: our jars hold what the compiler makes of the sources once more, at one
 * time for all, and packing the same program gives the same file. So the digest by which a node tells programs apart says something.
 */
@Tag("long")
class RebuildIT {

    @TempDir
    Path folder;

    private static Path jar(String module) throws IOException {
        try (Stream<Path> target = Files.list(Path.of("..", module, "target"))) {
            return target.filter(file -> file.getFileName().toString().matches("canal-" + module + "-[0-9.]+(-SNAPSHOT)?\\.jar")).findFirst()
                    .orElseThrow(() -> new IOException(module + "/target has no jar: mvn package makes it"));
        }
    }

    private static Map<String, byte[]> contents(Path jar) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                assertEquals(Instant.parse("2026-01-01T00:00:00Z"), entry.getLastModifiedTime().toInstant(), () -> jar + ": " + entry.getName());
                if (!entry.isDirectory()) {
                    contents.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        return contents;
    }

    private void compile(String module) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<Path> sources;
        try (Stream<Path> tree = Files.walk(Path.of("..", module, "src/main/java"))) {
            sources = tree.filter(file -> file.toString().endsWith(".java")).toList();
        }
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<String> options = List.of("-d", folder.resolve(module).toString(), "--release", "25", "-g", "-proc:none", "-nowarn", "-XDcompilePolicy=simple",
                    "-XDaddTypeAnnotationsToSymbol=true", "-classpath", System.getProperty("java.class.path"));
            assertTrue(compiler.getTask(said, files, null, options, null, files.getJavaFileObjectsFromPaths(sources)).call(), said::toString);
        }
    }

    private void holdsWhatTheSourcesMake(String module) throws IOException {
        compile(module);
        Map<String, byte[]> jar = contents(jar(module));
        try (Stream<Path> classes = Files.walk(folder.resolve(module))) {
            for (Path made : classes.filter(Files::isRegularFile).toList()) {
                String name = folder.resolve(module).relativize(made).toString();
                assertArrayEquals(Files.readAllBytes(made), jar.remove(name), name);
            }
        }
        jar.keySet().forEach(name -> assertTrue(!name.endsWith(".class"), () -> name + " has no source"));
    }

    @Test
    void the_agents_jar_holds_what_its_sources_make() throws Exception {
        holdsWhatTheSourcesMake("agent");
    }

    @Test
    void the_charms_jar_holds_what_its_sources_make() throws Exception {
        holdsWhatTheSourcesMake("charm");
    }

    @Test
    void a_program_packed_twice_is_the_same_charm() throws Exception {
        Path again = folder.resolve("target");
        run("cp", "--archive", Path.of("target/program").toAbsolutePath().toString(), Files.createDirectories(again).toString());
        Files.copy(Path.of("target/pack/runtime.from"), Files.createDirectories(again.resolve("pack")).resolve("runtime.from"));
        String own = jar("charm").getFileName().toString();
        List<String> jars = Arrays.stream(Files.readString(Path.of("target/pack/jars")).split(":")).filter(one -> !one.endsWith("/" + own)).toList();
        String version = own.substring("canal-charm-".length(), own.length() - ".jar".length());
        run(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-XX:TieredStopAtLevel=1", "src/pack/java/io/canal/pack/Pack.java", "..", again.toString(),
                version, jar("charm").toAbsolutePath().toString(), String.join(":", jars));
        Path made;
        try (Stream<Path> all = Files.list(again)) {
            made = all.filter(file -> file.toString().endsWith(".charm")).findFirst().orElseThrow();
        }
        Path before = Path.of("target").resolve(made.getFileName());
        assertEquals(-1, Files.mismatch(before, made), () -> before + " and the one packed again differ");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }
}
