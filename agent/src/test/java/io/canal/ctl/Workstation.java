package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Runs commands of ours against an in-memory store, and keeps what they print. */
final class Workstation {

    /** What a command printed, and its exit code. */
    record Said(int code, String stdout, String stderr) {}

    private final Path root;
    private final Path folder;
    private final MemoryStore.Cluster cluster = new MemoryStore.Cluster(Clock.system(), 1);
    final MemoryStore store = new MemoryStore(cluster);
    final Map<String, String> environment = new HashMap<>(Map.of("DATASTORE_TYPE", "etcdv3", "ETCD_ENDPOINTS", "http://127.0.0.1:2379"));

    /** @param root where configuration is looked for that nobody named */
    Workstation(Path root, Path folder) {
        this.root = root;
        this.folder = folder;
    }

    Said run(String input, List<String> words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Surroundings world = new Surroundings(environment, root, folder, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8),
                settings -> new MemoryStore(cluster), Clock.system(), UUID::randomUUID);
        int code = Main.commandLine(world).run(words);
        return new Said(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    static ObjectNode json(String text) {
        return Json.object("test", text) instanceof Decoded.Good<ObjectNode>(ObjectNode object) ? object : Json.object();
    }
}
