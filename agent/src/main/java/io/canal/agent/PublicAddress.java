package io.canal.agent;

import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Ip;
import io.canal.network.Uplink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The IPv4 address that peers are to send to: the one that our packets come from, unless the configuration names one that a
 * translation on the way gives us.
 *
 * <p>Juju's address of the uplink is in the configuration too, and it goes stale where the uplink gets another one and no hook has
 * run since, also while no agent runs. An address that would be in one of the uplink's networks is therefore no translated one, nor is
 * one that the uplink had while the configuration named it, and that the configuration has named ever since. It is remembered on disk.
 */
final class PublicAddress {

    private static final Logger log = LoggerFactory.getLogger(PublicAddress.class);

    private final Path file;
    private final Executor disk;
    private final Object writing = new Object();
    private final Set<Ip> had;
    private boolean unwritten;
    private boolean full;

    /** @param disk writes, which may take long */
    PublicAddress(Path stateDir, Executor disk) {
        this.file = stateDir.resolve("uplink-addresses");
        this.disk = disk;
        this.had = read(file);
    }

    /** @param configured the key {@code public-ip} of the configuration */
    synchronized Optional<Ip> of(Optional<Ip> configured, Uplink uplink) {
        // What the configuration names anew it does not name because it is stale.
        unwritten |= had.removeIf(ip -> !configured.equals(Optional.of(ip)));
        unwritten |= configured.filter(uplink::has).filter(had::add).isPresent();
        if (unwritten) {
            unwritten = false;
            disk.execute(this::write);
        }
        return configured.filter(ip -> !isStale(ip, uplink)).or(uplink::v4);
    }

    /** What there is to say of an address that is not used, though the configuration names it. */
    synchronized Optional<String> note(Optional<Ip> configured, Uplink uplink) {
        return configured.filter(ip -> isStale(ip, uplink) && !uplink.has(ip)).flatMap(ip -> uplink.v4().map(
                own -> "The configuration names " + ip + " as public-ip, which " + uplink.name() + " does not have; " + own + " is used."
                        + (uplink.reaches(ip) ? "" : " It had it once; if a translation on the way gives it now, remove " + file + " and restart canal-agent.")));
    }

    private boolean isStale(Ip ip, Uplink uplink) {
        return uplink.reaches(ip) || had.contains(ip);
    }

    private static Set<Ip> read(Path file) {
        try {
            // Not readAllLines, which fails where something else than text is in it.
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().map(String::strip).flatMap(line -> Ip.parse(line).stream())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (NoSuchFileException first) {
            return new TreeSet<>();
        } catch (IOException unreadable) {
            log.warn("{} cannot be read, and counts as empty: {}", file, unreadable.toString());
            return new TreeSet<>();
        }
    }

    private void write() {
        synchronized (writing) {
            try {
                AtomicFile.write(file, text(), AtomicFile.SECRET);
                wrote();
            } catch (IOException failure) {
                failed(failure);
            }
        }
    }

    private synchronized String text() {
        return had.stream().map(ip -> ip + "\n").collect(Collectors.joining());
    }

    private synchronized void wrote() {
        full = false;
    }

    /** It is written when it is asked for next. */
    private synchronized void failed(IOException failure) {
        unwritten = true;
        if (!full) {
            log.warn("{} cannot be written: {}", file, failure.toString());
        }
        full = true;
    }
}
