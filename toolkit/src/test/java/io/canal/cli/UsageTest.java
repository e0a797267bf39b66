package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The launcher has the one list of commands, and it is whole. */
final class UsageTest {

    @Test
    void each_command_is_in_the_launchers_list() throws Exception {
        Set<String> missing = new TreeSet<>(Main.commandLine().getSubcommands().keySet());
        missing.addAll(PolicyCommands.NAMES);
        Process launcher = new ProcessBuilder("sh", "../canal", "help").redirectErrorStream(true).start();
        String usage = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, launcher.waitFor(), usage);
        Arrays.asList(usage.split("[^a-z-]+")).forEach(missing::remove);
        assertEquals(Set.of(), missing);
    }
}
