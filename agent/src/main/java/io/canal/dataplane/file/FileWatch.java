package io.canal.dataplane.file;

import io.canal.files.Conflist;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notices, by inotify, when somebody touches the node's files, the plugins that the conflist chains, or what the agent has in /run. */
public final class FileWatch implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FileWatch.class);

    private static final FileAttribute<?>[] PUBLIC = {};
    private static final FileAttribute<?>[] PRIVATE = {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))};

    private final Map<Path, Set<String>> watched;
    private final Path sockets;
    private final Runnable onTouch;
    private final Opener opener;
    // All are guarded by the watch itself.
    private Optional<WatchService> service = Optional.empty();
    private Optional<String> problem = Optional.empty();
    private boolean closed;
    private final Map<WatchKey, Path> keys = new HashMap<>();
    private final Map<Path, @Nullable Object> identities = new HashMap<>();

    /** @param onTouch told once a burst, on a thread of the watch's own, also of our own writes */
    public FileWatch(NodePaths paths, Runnable onTouch) {
        this(paths, onTouch, paths.root().getFileSystem()::newWatchService);
    }

    /** Makes the kernel's part. */
    interface Opener {
        WatchService open() throws IOException;
    }

    FileWatch(NodePaths paths, Runnable onTouch, Opener opener) {
        this.sockets = paths.runDir();
        this.watched = Map.of(
                sockets, Set.of(paths.controlSocket().getFileName().toString(), paths.cniSocket().getFileName().toString(),
                        paths.bootNodeId().getFileName().toString()),
                paths.subnetEnv().getParent(), Set.of(paths.subnetEnv().getFileName().toString()),
                paths.cniConfDir(), Set.of(paths.conflist().getFileName().toString()),
                paths.cniBinDir(), Set.copyOf(Conflist.CHAINED));
        this.onTouch = onTouch;
        this.opener = opener;
        open();
    }

    /** Without it changes by others are noticed where this is checked. */
    private synchronized void open() {
        if (service.isPresent() || closed) {
            return;
        }
        try {
            WatchService opened = opener.open();
            service = Optional.of(opened);
            problem = Optional.empty();
            watchAll(opened);
            Thread.ofPlatform().daemon().name("files").start(() -> loop(opened));
        } catch (IOException exhausted) {
            if (problem.isEmpty()) {
                log.warn("the node's files are not watched: {}", exhausted.getMessage());
            }
            problem = Optional.of("The kernel does not watch the node's files, so changes by others are noticed only by and by: " + exhausted.getMessage()
                    + "; raise fs.inotify.max_user_instances.");
        }
    }

    /** Why files are not watched, as a sentence. */
    public synchronized Optional<String> problem() {
        return problem;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        if (service.isPresent()) {
            service.get().close();
        }
    }

    private void loop(WatchService service) {
        try {
            while (true) {
                if (touched(service.take())) {
                    onTouch.run();
                }
            }
        } catch (InterruptedException | ClosedWatchServiceException closed) {
            log.debug("the watch of the node's files has ended");
        }
    }

    /**
     * Looks whether the folders are still those that are watched: one that was renamed is, under its new name, and nothing tells of
     * it. Cheap, to be called now and then.
     */
    public void check() {
        open();
        if (isStale() || problem().isPresent()) {
            onTouch.run();
        }
    }

    private synchronized boolean isStale() {
        List<WatchKey> stale = keys.entrySet().stream().filter(entry -> !Objects.equals(identity(entry.getValue()), identities.get(entry.getValue())))
                .map(Map.Entry::getKey).toList();
        stale.forEach(key -> {
            key.cancel();
            keys.remove(key);
        });
        service.ifPresent(this::watchAll);
        return !stale.isEmpty();
    }

    /** Device and inode; null where there is no folder. */
    private static @Nullable Object identity(Path folder) {
        try {
            return Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
        } catch (IOException absent) {
            return null;
        }
    }

    private synchronized boolean touched(WatchKey key) {
        Path folder = keys.get(key);
        boolean touched = false;
        for (WatchEvent<?> event : key.pollEvents()) {
            // An overflow has no context: anything may have happened.
            touched |= event.context() == null || folder == null || names(folder).contains(event.context().toString());
        }
        if (!key.reset()) {
            // The folder was removed, or replaced by another one of its name.
            keys.remove(key);
            service.ifPresent(this::watchAll);
            return true;
        }
        return touched;
    }

    private Set<String> names(Path folder) {
        return watched.getOrDefault(folder, Set.of());
    }

    private synchronized void watchAll(WatchService service) {
        for (Path folder : watched.keySet()) {
            if (!keys.containsValue(folder)) {
                try {
                    Files.createDirectories(folder, folder.equals(sockets) ? PRIVATE : PUBLIC);
                    keys.put(folder.register(service, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY,
                            StandardWatchEventKinds.ENTRY_DELETE), folder);
                    identities.put(folder, identity(folder));
                } catch (IOException failure) {
                    log.warn("{} cannot be watched, so changes by others are noticed only by and by: {}", folder, failure.getMessage());
                }
            }
        }
    }
}
