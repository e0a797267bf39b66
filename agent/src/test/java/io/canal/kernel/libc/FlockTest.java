package io.canal.kernel.libc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlockTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path dir;

    @Test
    void a_second_lock_of_the_same_process_has_to_wait() throws Exception {
        Path file = dir.resolve("lock");
        try (Flock held = Flock.tryAcquire(file).orElseThrow()) {
            assertTrue(Flock.tryAcquire(file).isEmpty());
            assertTrue(Flock.acquire(file, Duration.ofMillis(20)).isEmpty());
        }
        // Not at once: a process that another test is about to start holds all that this one has open until it runs its program.
        assertTrue(Flock.acquire(file, PATIENCE).isPresent());
    }

    @Test
    void it_excludes_flock_of_util_linux() throws Exception {
        Path file = dir.resolve("lock");
        try (Flock held = Flock.tryAcquire(file).orElseThrow()) {
            assertEquals(1, flock(file));
        }
        assertEquals(0, program("flock", "-w", "60", file.toString(), "true"));
    }

    @Test
    void a_waiter_gets_the_lock_when_it_is_given_up() throws Exception {
        Path file = dir.resolve("lock");
        Flock held = Flock.tryAcquire(file).orElseThrow();
        Thread giver = Thread.ofPlatform().start(held::close);
        Optional<Flock> got = Flock.acquire(file, PATIENCE);
        giver.join();
        assertTrue(got.isPresent());
        got.get().close();
    }

    @Test
    void a_folder_can_be_locked() throws Exception {
        try (Flock held = Flock.tryAcquire(dir).orElseThrow()) {
            assertFalse(Flock.tryAcquire(dir).isPresent());
        }
    }

    @Test
    void a_folder_that_is_missing_is_named() {
        Path file = dir.resolve("no/lock");
        KernelException failure = assertThrows(KernelException.class, () -> Flock.tryAcquire(file));
        assertEquals(Errno.ENOENT, failure.errno());
        assertEquals("open " + file + ": No such file or directory (ENOENT)", failure.getMessage());
    }

    private static int flock(Path file) throws Exception {
        return program("flock", "-n", file.toString(), "true");
    }

    private static int program(String... command) throws Exception {
        return new ProcessBuilder(command).start().waitFor();
    }
}
