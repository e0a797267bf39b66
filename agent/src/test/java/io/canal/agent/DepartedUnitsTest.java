package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.store.StoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DepartedUnitsTest {

    private static final Duration SOON = Duration.ofMillis(1);

    @TempDir
    Path folder;

    private final List<String> attempts = new CopyOnWriteArrayList<>();

    /** The first attempt finds etcd away, the second the session alive, the third succeeds. */
    private Optional<String> release(String unit) throws StoreException {
        attempts.add(unit);
        if (attempts.size() == 1) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "etcd is away");
        }
        return attempts.size() == 2 ? Optional.of("its agent is alive") : Optional.empty();
    }

    private void awaitEmpty() throws InterruptedException {
        while (Files.exists(folder.resolve("departed-units"))) {
            Thread.sleep(2);
        }
    }

    @Test
    void a_unit_is_tried_again_until_it_holds_nothing() throws Exception {
        try (DepartedUnits departed = new DepartedUnits(folder, this::release, SOON)) {
            departed.start();
            departed.gone("canal/2");
            awaitEmpty();
        }
        assertTrue(attempts.size() == 3, attempts::toString);
    }

    @Test
    void a_unit_that_waits_outlives_the_agent() throws Exception {
        try (DepartedUnits ended = new DepartedUnits(folder, this::release, SOON)) {
            ended.gone("canal/2");
        }
        assertFalse(attempts.contains("canal/2"));
        try (DepartedUnits next = new DepartedUnits(folder, this::release, SOON)) {
            next.start();
            awaitEmpty();
        }
        assertTrue(attempts.contains("canal/2"));
    }

    @Test
    void what_a_hook_has_written_is_kept_when_another_unit_leaves() throws Exception {
        try (DepartedUnits departed = new DepartedUnits(folder, this::release, SOON)) {
            new DepartedFile(folder).add("canal/5");
            departed.gone("canal/2");
            departed.start();
            awaitEmpty();
        }
        assertTrue(attempts.containsAll(List.of("canal/2", "canal/5")), attempts::toString);
    }
}
