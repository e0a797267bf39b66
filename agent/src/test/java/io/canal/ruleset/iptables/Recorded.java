package io.canal.ruleset.iptables;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Lines of recorded output. */
final class Recorded {

    private Recorded() {}

    static List<String> lines(String file) {
        try (InputStream stream = Recorded.class.getResourceAsStream(file)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The rules of one chain, without {@code -A chain}. */
    static List<String> rules(String file, String chain) {
        String start = "-A " + chain + " ";
        return lines(file).stream().filter(line -> line.startsWith(start)).map(line -> line.substring(start.length())).toList();
    }
}
