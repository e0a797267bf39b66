package io.canal.ctl;

import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the command line needs of the world.
 *
 * @param root the folder that stands for {@code /} when looking for configuration that was not asked for
 * @param folder what paths on the command line are relative to
 */
public record Surroundings(Map<String, String> environment, Path root, Path folder, InputStream in, PrintStream out, PrintStream err,
        Function<EtcdSettings, Store> etcd, Clock clock, Supplier<UUID> ids) {

    String variable(String name) {
        // Calico takes each of its variables also with its own prefix.
        String own = environment.getOrDefault("CALICO_" + name, "");
        return own.isEmpty() ? environment.getOrDefault(name, "") : own;
    }

    /** All of standard input, as text. */
    String input() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
}
