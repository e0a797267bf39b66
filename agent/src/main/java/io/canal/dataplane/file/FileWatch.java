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
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notices, by inotify, when somebody touches the node's files or the plugins that the conflist chains. */
public final class FileWatch implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FileWatch.class);

    private final Map<Path, Set<String>> watched;
    private final Runnable onTouch;
    private final WatchService service;
    private final Map<WatchKey, Path> keys = new HashMap<>();

    /** @param onTouch told once a burst, on a thread of the watch's own, also of our own writes */
    public FileWatch(NodePaths paths, Runnable onTouch) throws IOException {
        this.watched = Map.of(
                paths.subnetEnv().getParent(), Set.of(paths.subnetEnv().getFileName().toString()),
                paths.cniConfDir(), Set.of(paths.conflist().getFileName().toString()),
                paths.cniBinDir(), Set.of(Conflist.PORTMAP));
        this.onTouch = onTouch;
        this.service = paths.root().getFileSystem().newWatchService();
        watchAll();
        Thread.ofPlatform().daemon().name("files").start(this::loop);
    }

    @Override
    public void close() throws IOException {
        service.close();
    }

    private void loop() {
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

    private boolean touched(WatchKey key) {
        Path folder = keys.get(key);
        boolean touched = false;
        for (WatchEvent<?> event : key.pollEvents()) {
            // An overflow has no context: anything may have happened.
            touched |= event.context() == null || folder == null || names(folder).contains(event.context().toString());
        }
        if (!key.reset()) {
            // The folder was removed, or replaced by another one of its name.
            keys.remove(key);
            watchAll();
            return true;
        }
        return touched;
    }

    private Set<String> names(Path folder) {
        return watched.getOrDefault(folder, Set.of());
    }

    private void watchAll() {
        for (Path folder : watched.keySet()) {
            if (!keys.containsValue(folder)) {
                try {
                    Files.createDirectories(folder);
                    keys.put(folder.register(service, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY,
                            StandardWatchEventKinds.ENTRY_DELETE), folder);
                } catch (IOException failure) {
                    log.warn("{} cannot be watched, so changes by others are noticed only by and by: {}", folder, failure.getMessage());
                }
            }
        }
    }
}
