package io.canal.lab.pod;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Program;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The pods of a lab. What is known of them is kept in a folder of the lab, one file a pod. */
public final class Pods {

    private static final int ID_BYTES = 32;

    private final Path folder;
    private final List<Host> hosts;

    /**
     * @param folder where files about pods are kept
     * @param hosts the lab's hosts
     */
    public Pods(Path folder, List<Host> hosts) {
        this.folder = folder;
        this.hosts = List.copyOf(hosts);
    }

    /** All pods, by namespace and name; those that went down with their host's last boot too. */
    public List<Pod> all() {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".json")).map(Pods::read)
                    .sorted(Comparator.comparing(Pod::namespace).thenComparing(Pod::name)).toList();
        } catch (IOException refused) {
            throw new LabException("The pods in " + folder + " cannot be listed: " + refused.getMessage(), refused);
        }
    }

    /** The pod that is called so; its namespace may be written before it, with a slash. */
    public Pod named(String name) {
        List<Pod> found = all().stream().filter(pod -> pod.name().equals(name) || (pod.namespace() + "/" + pod.name()).equals(name)).toList();
        return switch (found.size()) {
            case 0 -> throw new LabException("There is no pod " + name + "; canal lab pods lists those that there are.");
            case 1 -> found.getFirst();
            default -> throw new LabException("There are pods " + name + " in several namespaces; write NAMESPACE/" + name + ".");
        };
    }

    /** Makes a pod: its namespace, and in it what the host's CNI configuration brings. */
    public Pod add(PodSpec spec, Host host) {
        Path making = folder.resolve(spec.namespace() + "_" + spec.name() + ".making");
        try {
            Files.createDirectories(folder);
            try (FileChannel file = FileChannel.open(making, StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = file.tryLock()) {
                if (lock == null) {
                    throw isBeingMade(spec);
                }
                try {
                    return addAlone(spec, host);
                } finally {
                    Files.deleteIfExists(making);
                }
            }
        } catch (OverlappingFileLockException ours) {
            throw isBeingMade(spec);
        } catch (IOException refused) {
            throw new LabException(making + " cannot be made: " + refused.getMessage(), refused);
        }
    }

    private static LabException isBeingMade(PodSpec spec) {
        return new LabException("Pod " + spec.namespace() + "/" + spec.name() + " is being made by another command.");
    }

    private Pod addAlone(PodSpec spec, Host host) {
        if (find(spec.namespace(), spec.name()).isPresent()) {
            throw new LabException("There is a pod " + spec.namespace() + "/" + spec.name() + " already; canal lab pod rm " + spec.name()
                    + " removes it.");
        }
        Namespaces namespaces = new Namespaces(EtcdClient.onAnyOf(hosts));
        if (!namespaces.has(spec.namespace())) {
            if (!spec.namespace().equals("default")) {
                throw new LabException("There is no namespace " + spec.namespace() + "; canal lab namespace add " + spec.namespace()
                        + " makes it.");
            }
            namespaces.put(spec.namespace(), Map.of());
        }
        return attach(spec, host);
    }

    /** As {@link #add}, where the namespace is known to be there. */
    public Pod attach(PodSpec spec, Host host) {
        return attach(spec, host, netns -> { });
    }

    /** As {@link #attach(PodSpec, Host)}; {@code entered} gets the pod's network namespace, as on this machine, before anything is in it. */
    public Pod attach(PodSpec spec, Host host, Consumer<Path> entered) {
        byte[] id = new byte[ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        String uid = UUID.randomUUID().toString();
        String namespace = "cni-" + UUID.randomUUID();
        Pod pod = new Pod(spec, host.name(), host.bootId(), HexFormat.of().formatHex(id), uid, "/run/netns/" + namespace, List.of());
        host.program("ip", "netns", "add", namespace).must();
        try {
            host.program("ip", "-n", namespace, "link", "set", "lo", "up").must();
            entered.accept(netns(pod));
            Pod attached = pod.withAddresses(new CniRuntime(host).add(pod));
            write(attached);
            return attached;
        } catch (RuntimeException refused) {
            host.program("ip", "netns", "delete", namespace).run();
            throw refused;
        }
    }

    /** Removes a pod as a runtime does: first what CNI made, then the namespace. */
    public void remove(Pod pod) {
        Host host = hostOf(pod);
        new CniRuntime(host).delete(pod);
        if (lives(pod)) {
            host.program("ip", "netns", "delete", Path.of(pod.netns()).getFileName().toString()).must();
        }
        try {
            Files.deleteIfExists(file(pod.namespace(), pod.name()));
        } catch (IOException refused) {
            throw new LabException("The pod's file cannot be removed: " + refused.getMessage(), refused);
        }
    }

    /** Whether the pod's host still runs the boot that the pod was made in. */
    public boolean lives(Pod pod) {
        Host host = hostOf(pod);
        return host.isUp() && host.bootId().equals(pod.boot());
    }

    /** A program in the pod's network namespace, and in all else on its host. */
    public Program program(Pod pod, List<String> argv) {
        if (!lives(pod)) {
            throw new LabException("Pod " + pod.name() + " went down when host " + pod.host() + " was rebooted; canal lab pod rm "
                    + pod.name() + " removes what is left of it.");
        }
        return hostOf(pod).program("ip", "netns", "exec", Path.of(pod.netns()).getFileName().toString()).with(argv);
    }

    /** The pod's network namespace, as a path on this machine. */
    public Path netns(Pod pod) {
        return hostOf(pod).path(pod.netns());
    }

    private Host hostOf(Pod pod) {
        return hosts.stream().filter(host -> host.name().equals(pod.host())).findFirst()
                .orElseThrow(() -> new LabException("Pod " + pod.name() + " is on host " + pod.host() + ", which the lab does not have."));
    }

    private Optional<Pod> find(String namespace, String name) {
        Path file = file(namespace, name);
        return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /** Neither a namespace nor a pod's name has an underscore. */
    private Path file(String namespace, String name) {
        return folder.resolve(namespace + "_" + name + ".json");
    }

    private static Pod read(Path file) {
        try {
            return Pod.ofKept(file.toString(), Files.readString(file));
        } catch (IOException refused) {
            throw new LabException(file + " cannot be read: " + refused.getMessage(), refused);
        }
    }

    private void write(Pod pod) {
        try {
            Files.createDirectories(folder);
            Path fresh = Files.createTempFile(folder, "pod", ".new");
            Files.writeString(fresh, pod.kept());
            Files.move(fresh, file(pod.namespace(), pod.name()), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException refused) {
            throw new LabException("Pod " + pod.name() + " cannot be kept in " + folder + ": " + refused.getMessage(), refused);
        }
    }
}
