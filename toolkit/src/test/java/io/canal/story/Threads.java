package io.canal.story;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The threads of this JVM, as the kernel has them. */
final class Threads {

    private Threads() {}

    /**
     * Those in another network namespace than the JVM. Such a thread may have been born while another one was in a pod's namespace, as a
     * carrier of virtual threads can be: it would run the programs of later tests there.
     */
    static List<String> astray() {
        List<String> astray = new ArrayList<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            Path home = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
            for (Path thread : threads) {
                try {
                    if (!Files.readSymbolicLink(thread.resolve("ns/net")).equals(home)) {
                        astray.add(Files.readString(thread.resolve("comm")).strip());
                    }
                } catch (IOException ended) {
                    if (Files.exists(thread.resolve("ns/net"))) {
                        throw ended;
                    }
                }
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return astray;
    }
}
