package io.canal.lab;

import io.canal.kernel.libc.Flock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * A lab that this command holds: no other command may take it until {@link #close}. Closing does not switch the lab off; what is
 * not marked as kept is removed by whichever lab command comes next.
 */
public final class Lab implements AutoCloseable {

    private static final int ATTEMPTS = 3;

    private final LabFolder folder;
    private final Flock lock;
    private final Places places;

    private Lab(Places places, LabFolder folder, Flock lock) {
        this.places = places;
        this.folder = folder;
        this.lock = lock;
    }

    /** Takes the lab, making it where there is none; first removes what dead labs left. */
    public static Lab open(Places places, LabName name) {
        Leftovers.remove(places);
        LabFolder folder = new LabFolder(places, name);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            // A folder that is made and not yet locked looks like a leftover to others.
            folder.make();
            Optional<Flock> lock = folder.tryLock();
            if (lock.isPresent()) {
                return new Lab(places, folder, lock.get());
            }
        }
        throw inUse(name);
    }

    /** Takes a lab that is there. */
    public static Lab existing(Places places, LabName name) {
        LabFolder folder = new LabFolder(places, name);
        if (!folder.exists()) {
            throw new LabException("There is no lab " + name + "; canal up makes it.");
        }
        return new Lab(places, folder, folder.tryLock().orElseThrow(() -> inUse(name)));
    }

    /** A lab that is there, to look at and to run things in, without holding it. */
    public static List<Host> hostsOf(Places places, LabName name) {
        LabFolder folder = new LabFolder(places, name);
        return folder.known();
    }

    private static LabException inUse(LabName name) {
        return new LabException("Lab " + name + " is in use by another command; wait for it, or choose another with --lab NAME.");
    }

    public LabName name() {
        return folder.lab();
    }

    public LabKeys keys() {
        return folder.keys();
    }

    /** The namespace of the lab's switch: a socket made there reaches the hosts. */
    public Path switchNamespace() {
        return Switch.of(name()).path();
    }

    /** Where the lab's users keep what they know of it, such as {@code model}. It goes when the lab goes. */
    public Path part(String part) {
        return folder.part(part);
    }

    /** All hosts, in order, up or not. */
    public List<Host> hosts() {
        return folder.known();
    }

    public Host host(String name) {
        return hosts().stream().filter(host -> host.name().equals(name)).findFirst()
                .orElseThrow(() -> new LabException("Lab " + name() + " has no host " + name + "; it has " + hosts() + "."));
    }

    /** Whether the base tree has to be built first, which takes a minute or two. */
    public boolean needsBase() {
        return !new BaseTree(places).isThere();
    }

    /** Makes the tree that all hosts share, where it is not there yet. {@code progress} gets a word now and then. */
    public void prepareBase(Consumer<String> progress) {
        new BaseTree(places).ensure(progress);
    }

    /** Switches on the hosts from h1 to the {@code count}th that are not on, and waits until they take SSH connections. */
    public List<Host> powerOn(int count) {
        if (count < 1 || count > LabKeys.MOST_HOSTS) {
            throw new LabException("A lab has 1 to " + LabKeys.MOST_HOSTS + " hosts, not " + count + ".");
        }
        MachineLimits.raise();
        Path base = new BaseTree(places).ensure(word -> {});
        keys().ensure();
        Switch plug = Switch.of(name());
        plug.turnOn();
        folder.hostScript();
        List<Host> hosts = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            hosts.add(folder.host(number));
        }
        inParallel(hosts, host -> {
            host.powerOn(plug, base);
            host.awaitSsh();
        });
        return hosts;
    }

    /** Does something with each host, all at once; the first failure is thrown when all are done. */
    public static void inParallel(List<Host> hosts, Consumer<Host> action) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            hosts.forEach(host -> running.add(threads.submit(() -> action.accept(host))));
            for (Future<?> one : running) {
                one.get();
            }
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new LabException("A host failed: " + failed.getMessage(), failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LabException("The command was interrupted.", interrupted);
        }
    }

    /** Marks the lab as one to keep after this command. */
    public void keep() {
        folder.keep();
    }

    /** Whether an earlier command marked it so. */
    public boolean kept() {
        return folder.kept();
    }

    /** Removes the lab and all that it made. */
    public void remove() {
        Leftovers.remove(folder);
    }

    /** Removes what dead labs left on the machine. */
    public static void removeLeftovers(Places places) {
        Leftovers.remove(places);
    }

    /** Removes a lab, where it is there; returns whether it was. */
    public static boolean remove(Places places, LabName name) {
        if (!new LabFolder(places, name).exists()) {
            return false;
        }
        try (Lab lab = existing(places, name)) {
            lab.remove();
        }
        return true;
    }

    /** Removes the cached base trees, unless there is a lab left; returns whether it did. */
    public static boolean purge(Places places) {
        boolean unused = LabFolder.all(places).isEmpty();
        if (unused) {
            new BaseTree(places).removeAll();
        }
        return unused;
    }

    @Override
    public void close() {
        lock.close();
    }
}
