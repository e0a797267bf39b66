package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.control.FrameServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

    @TempDir
    private Path folder;

    @Test
    void a_start_that_fails_says_why_in_one_line_and_gives_the_machine_a_second() throws Exception {
        // The state folder is a file.
        Files.writeString(Files.createDirectories(folder.resolve("var/lib")).resolve("canal"), "");
        long start = System.nanoTime();
        Process agent = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), "io.canal.agent.Main", "--root",
                folder.toString(), "--home", folder.toString()).redirectErrorStream(true).start();
        String said = new String(agent.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, agent.waitFor(), said);
        assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(1)) >= 0, said);
        List<String> errors = said.lines().filter(line -> line.startsWith("<3>agent.Main: ")).toList();
        assertEquals(1, errors.size(), said);
        assertTrue(errors.getFirst().contains(folder.resolve("var/lib/canal").toString()), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"agent.sock", "cni.sock"})
    void an_agent_that_accepts_no_connections_is_of_no_use(String socket) throws IOException {
        try (FrameServer _ = FrameServer.listen(folder.resolve(socket), request -> request)) {
            Thread accepting = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().endsWith(socket)).findFirst().orElseThrow();
            assertTrue(Main.isVital(accepting.getName()), accepting.getName());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"main", "host addresses", "spool", "publisher", "safety net", "apply"})
    void one_that_lacks_a_part_of_its_own_is_none_either(String thread) {
        assertTrue(Main.isVital(thread));
    }
}
