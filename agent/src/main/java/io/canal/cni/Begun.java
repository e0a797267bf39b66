package io.canal.cni;

import io.canal.reconcile.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When this boot began, by the clock that was furthest behind in it: what is of this boot must not seem older because the clock was set
 * forward. Kept on disk for the boot, as the clock may have been set before a restart. Safe for many threads.
 */
final class Begun {

    private static final Logger log = LoggerFactory.getLogger(Begun.class);

    private final Path folder;
    private final Path file;
    private final String boot;
    private final Clock clock;
    private Instant earliest;

    /**
     * @param folder what is in it lasts as long as the boot
     * @param boot the identity of this one
     */
    Begun(Path folder, String boot, Clock clock) {
        this.folder = folder;
        this.file = folder.resolve("boot");
        this.boot = boot;
        this.clock = clock;
        this.earliest = kept().orElse(Instant.MAX);
        try {
            get();
        } catch (IOException unknown) {
            log.warn("when this boot began is not known yet: {}", unknown.getMessage());
        }
    }

    synchronized Instant get() throws IOException {
        Instant seen = Boot.time(clock.now());
        if (seen.isBefore(earliest)) {
            // The clock is read in parts of a second, and slewed.
            boolean news = earliest.equals(Instant.MAX) || seen.isBefore(earliest.minusSeconds(1));
            earliest = seen;
            if (news) {
                keep();
            }
        }
        return earliest;
    }

    private Optional<Instant> kept() {
        try {
            String[] words = Files.readString(file).strip().split(" ");
            return words.length == 2 && words[0].equals(boot) ? Optional.of(Instant.parse(words[1])) : Optional.empty();
        } catch (NoSuchFileException first) {
            return Optional.empty();
        } catch (IOException | DateTimeException unreadable) {
            log.warn("{} cannot be read: {}; it is made anew", file, unreadable.getMessage());
            return Optional.empty();
        }
    }

    private void keep() {
        try {
            Durable.folder(folder);
            Durable.write(file, boot + " " + earliest + "\n");
        } catch (IOException failure) {
            log.warn("{} could not be written: {}", file, failure.toString());
        }
    }
}
