package io.canal.ipam;

import io.canal.kernel.libc.Flock;
import io.canal.kernel.libc.KernelException;
import io.canal.model.DiskReason;
import io.canal.model.Ip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * host-local's store: a folder for each network with one file for each address in use, which holds the container's id and the
 * interface; {@code last_reserved_ip.N} for each range set; and {@code lock}, held with flock(2) by whoever works in the folder.
 *
 * <p>Unlike host-local we make a reservation whole: a process that is killed while it reserves leaves no empty file, which would
 * block its address for ever.
 */
public final class HostLocal {

    /** A runtime waits for DEL too, and a plugin has 8 s for all. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final String LOCK = "lock";

    private final Path folder;
    private final Map<String, Reservations> networks = new ConcurrentHashMap<>();

    private interface Work<T> {
        T run(Reservations network) throws IpamFailed, IOException;
    }

    /** @param folder {@code /var/lib/cni/networks} on a real node */
    public HostLocal(Path folder) {
        this.folder = folder;
    }

    /**
     * Gives one address of each set. The owner keeps those that it has already; what it has outside the sets is released.
     *
     * @param requested addresses that the owner asks for, each to be in one of the sets
     */
    public List<Ip> allocate(String network, Owner owner, List<RangeSet> sets, List<Ip> requested) throws IpamFailed {
        return allocate(network, owner, sets, requested, PATIENCE);
    }

    /** As {@link #allocate(String, Owner, List, List)}, waiting so long at most where others are at work in the store. */
    public List<Ip> allocate(String network, Owner owner, List<RangeSet> sets, List<Ip> requested, Duration patience) throws IpamFailed {
        return locked(network, patience, store -> {
            Set<Ip> taken = store.taken();
            Set<Ip> had = store.heldBy(owner);
            List<Ip> given = new ArrayList<>();
            Set<Ip> fresh = new HashSet<>();
            Set<Ip> wanted = new HashSet<>(requested);
            try {
                for (int i = 0; i < sets.size(); i++) {
                    RangeSet set = sets.get(i);
                    Optional<Ip> kept = had.stream().filter(set::contains).findFirst();
                    Optional<Ip> asked = requested.stream().filter(set::contains).filter(wanted::contains).findFirst();
                    asked.ifPresent(wanted::remove);
                    if (kept.isPresent() && (asked.isEmpty() || asked.equals(kept))) {
                        store.renew(kept.get());
                        given.add(kept.get());
                        continue;
                    }
                    Ip address = asked.isPresent() ? reserveThis(store, asked.get(), set, owner) : reserveNext(store, i, set, owner, taken);
                    fresh.add(address);
                    given.add(address);
                }
                if (!wanted.isEmpty()) {
                    throw new IpamFailed("failed to allocate all requested IPs: " + wanted.iterator().next() + " is in none of the ranges");
                }
            } catch (IpamFailed | IOException failure) {
                store.release(fresh);
                throw failure;
            }
            had.removeAll(given);
            store.release(had);
            return given;
        });
    }

    /** The addresses that the owner has. */
    public List<Ip> find(String network, Owner owner) throws IpamFailed {
        return Files.isDirectory(path(network)) ? locked(network, store -> List.copyOf(store.surelyHeldBy(owner))) : List.of();
    }

    /** Releases what the owner has; having nothing is no error. Gives back what it had. */
    public List<Ip> release(String network, Owner owner) throws IpamFailed {
        if (!Files.isDirectory(path(network))) {
            return List.of();
        }
        return locked(network, store -> {
            Set<Ip> had = store.surelyHeldBy(owner);
            store.release(had);
            return List.copyOf(had);
        });
    }

    /** All addresses in use, with what their files hold. */
    public Map<Ip, String> all(String network) throws IpamFailed {
        return Files.isDirectory(path(network)) ? locked(network, Reservations::all) : Map.of();
    }

    /** An address in use. */
    public record Reserved(Ip address, String containerId, Instant since) {}

    /**
     * Releases the addresses that {@code leaked} picks. It is asked under the store's lock, so that what it looks at elsewhere is
     * newer than every reservation that it is shown.
     */
    public List<Ip> reclaim(String network, Predicate<Reserved> leaked) throws IpamFailed {
        if (!Files.isDirectory(path(network))) {
            return List.of();
        }
        return locked(network, store -> {
            List<Ip> picked = store.reserved().stream().filter(leaked).map(Reserved::address).toList();
            store.release(picked);
            return picked;
        });
    }

    private Path path(String network) {
        return folder.resolve(network);
    }

    private <T> T locked(String network, Work<T> work) throws IpamFailed {
        return locked(network, PATIENCE, work);
    }

    private <T> T locked(String network, Duration patience, Work<T> work) throws IpamFailed {
        Path path = path(network);
        Reservations store = networks.computeIfAbsent(network, any -> new Reservations(path));
        long end = System.nanoTime() + patience.toNanos();
        // Our own threads queue here; flock is asked by one of them at a time.
        try {
            if (!store.own().tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw locked(path, patience);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IpamFailed("waiting for the store of addresses " + path + " was interrupted", interrupted);
        }
        try {
            return alone(path, store, Duration.ofNanos(Math.max(0, end - System.nanoTime())), work);
        } finally {
            store.own().unlock();
        }
    }

    /** Where none of our own threads is at work. */
    @SuppressWarnings("try") // the lock is held, not used
    private static <T> T alone(Path path, Reservations store, Duration patience, Work<T> work) throws IpamFailed {
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
            }
            Optional<Flock> flock = Flock.acquire(path.resolve(LOCK), patience);
            if (flock.isEmpty()) {
                throw locked(path, patience);
            }
            try (Flock _ = flock.get()) {
                store.look();
                return work.run(store);
            }
        } catch (KernelException failure) {
            throw new IpamFailed("the store of addresses " + path + " cannot be locked: " + failure.getMessage(), failure);
        } catch (IOException failure) {
            throw new IpamFailed("the store of addresses " + path + " cannot be used: " + DiskReason.of(failure), failure);
        }
    }

    private static IpamFailed locked(Path path, Duration patience) {
        return new IpamFailed("the store of addresses " + path + " was locked by others for " + patience.toMillis() + " ms");
    }

    private static Ip reserveThis(Reservations store, Ip address, RangeSet set, Owner owner) throws IpamFailed, IOException {
        if (set.isGateway(address)) {
            throw new IpamFailed("requested IP address " + address + " is the subnet's gateway");
        }
        if (!store.reserve(address, owner)) {
            throw new IpamFailed("requested IP address " + address + " is not available in range set " + set);
        }
        return address;
    }

    /** Round robin from the address after the last one that was given, in host-local's order. */
    private static Ip reserveNext(Reservations store, int number, RangeSet set, Owner owner, Set<Ip> taken) throws IpamFailed, IOException {
        Optional<Ip> before = store.last(number).filter(set::contains);
        List<AddressRange> ranges = set.ranges();
        int index = 0;
        while (before.isPresent() && !ranges.get(index).contains(before.get())) {
            index++;
        }
        Ip start = before.orElse(ranges.getFirst().start());
        Ip current = start;
        boolean look = before.isEmpty();
        while (true) {
            if (look && !current.equals(ranges.get(index).gateway()) && !taken.contains(current) && store.reserve(current, owner)) {
                store.last(number, current);
                return current;
            }
            if (look && before.isPresent() && current.equals(start)) {
                break;
            }
            look = true;
            if (current.equals(ranges.get(index).end())) {
                index = (index + 1) % ranges.size();
                current = ranges.get(index).start();
            } else {
                current = current.plus(1);
            }
            if (before.isEmpty() && current.equals(start)) {
                break;
            }
        }
        throw IpamFailed.full(set);
    }
}
