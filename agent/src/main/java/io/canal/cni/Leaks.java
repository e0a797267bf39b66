package io.canal.cni;

import io.canal.ipam.HostLocal;
import io.canal.ipam.IpamFailed;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.Ip;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Addresses that are reserved and that nobody has: left by a plugin that was killed, or by a node that lost its pods and its journal.
 *
 * <p>One counts as leaked only if the journal, the host's addresses and routes, and the runtimes' cached results all do not know it,
 * and if it was reserved more than 60 s ago or before this boot. What journal and cache have of earlier boots does not count: no pod
 * outlives its node. Where one of these cannot be read, nothing is leaked.
 */
final class Leaks {

    private static final Logger log = LoggerFactory.getLogger(Leaks.class);
    private static final Duration SURELY_DONE = Duration.ofSeconds(60);

    private final HostLocal ipam;
    private final Attachments attachments;
    private final List<Path> results;
    private final String boot;
    private final Begun begun;
    private final Ages ages;

    /**
     * @param boot the identity of this one
     * @param begun when it began
     */
    Leaks(HostLocal ipam, Attachments attachments, List<Path> results, String boot, Begun begun, Clock clock) {
        this.ipam = ipam;
        this.attachments = attachments;
        this.results = results;
        this.boot = boot;
        this.begun = begun;
        this.ages = new Ages(clock);
    }

    /** Releases what leaked of a network; gives the addresses. */
    List<Ip> reclaim(String network) throws IOException, IpamFailed {
        try (Rtnl host = Rtnl.open()) {
            List<Ip> reclaimed = ipam.reclaim(network, new Leaked(host, begun.get()));
            if (!reclaimed.isEmpty()) {
                log.warn("addresses of network {} that nobody had are free again: {}", network, reclaimed);
            }
            return reclaimed;
        } catch (UnknownState unknown) {
            throw new IOException("whether addresses leaked cannot be said: " + unknown.getMessage(), unknown);
        }
    }

    private static final class UnknownState extends RuntimeException {

        private static final long serialVersionUID = 1;

        UnknownState(IOException cause) {
            super(cause.toString(), cause);
        }
    }

    /** Looks around at the first question, when the store's lock is held. */
    private final class Leaked implements Predicate<HostLocal.Reserved> {

        private final Rtnl host;
        private final Instant begun;
        private final Set<Ip> used = new HashSet<>();
        private final List<String> cached = new ArrayList<>();
        private boolean looked;

        Leaked(Rtnl host, Instant begun) {
            this.host = host;
            this.begun = begun;
        }

        @Override
        public boolean test(HostLocal.Reserved reserved) {
            boolean old = reserved.since().isBefore(begun) || ages.isOlder(reserved.since(), SURELY_DONE);
            if (!old) {
                return false;
            }
            look();
            return !used.contains(reserved.address()) && cached.stream().noneMatch(result -> names(result, reserved));
        }

        private void look() {
            if (looked) {
                return;
            }
            looked = true;
            try {
                attachments.all().stream().map(Journal.Entry::attachment).filter(attachment -> attachment.boot().equals(boot))
                        .forEach(attachment -> used.addAll(attachment.addresses()));
                host.addresses(0).forEach(address -> used.add(address.address().address()));
                host.routes(new Route.Filter(0, 0, 0)).stream()
                        .filter(route -> route.destination().length() == route.destination().family().bits())
                        .forEach(route -> used.add(route.destination().base()));
                for (Path folder : results) {
                    read(folder);
                }
            } catch (IOException failure) {
                throw new UnknownState(failure);
            }
        }

        private void read(Path folder) throws IOException {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    if (!Files.isDirectory(file)) {
                        readResult(file);
                    }
                }
            } catch (DirectoryIteratorException broken) {
                throw broken.getCause();
            } catch (NoSuchFileException none) {
                return;
            }
        }

        private void readResult(Path file) throws IOException {
            try {
                if (!Files.getLastModifiedTime(file).toInstant().isBefore(begun)) {
                    cached.add(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
                }
            } catch (NoSuchFileException deleted) {
                // Its pod has just gone; the other results count as before.
                log.debug("{} is gone", file);
            }
        }

        private static boolean names(String result, HostLocal.Reserved reserved) {
            return result.contains("\"" + reserved.address() + "/") || result.contains("\"" + reserved.address() + "\"");
        }
    }
}
