package io.canal.dataplane.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileWatchTest {

    @Test
    void where_the_kernel_has_no_watch_to_spare_each_check_counts_as_a_touch_until_it_has(@TempDir Path root) throws Exception {
        NodePaths paths = new NodePaths(root);
        Semaphore touches = new Semaphore(0);
        AtomicBoolean exhausted = new AtomicBoolean(true);
        try (FileWatch watch = new FileWatch(paths, touches::release, () -> {
            if (exhausted.get()) {
                throw new IOException("User limit of inotify instances reached or too many open files");
            }
            return FileSystems.getDefault().newWatchService();
        })) {
            assertTrue(watch.problem().orElseThrow().contains("inotify instances"));
            watch.check();
            assertEquals(1, touches.drainPermits());
            exhausted.set(false);
            watch.check();
            assertEquals(Optional.empty(), watch.problem());
            touches.drainPermits();
            Files.writeString(paths.subnetEnv(), "FLANNEL_MTU=1\n");
            assertTrue(touches.tryAcquire(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void it_notices_that_the_agents_sockets_are_removed(@TempDir Path root) throws Exception {
        NodePaths paths = new NodePaths(root);
        Semaphore touches = new Semaphore(0);
        try (FileWatch _ = new FileWatch(paths, touches::release)) {
            Path folder = paths.runDir();
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
            Files.createFile(paths.cniSocket());
            assertTrue(touches.tryAcquire(60, TimeUnit.SECONDS));
            touches.drainPermits();
            Files.delete(paths.cniSocket());
            assertTrue(touches.tryAcquire(60, TimeUnit.SECONDS));
        }
    }
}
