package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SystemClockTest {

    /** Both count from the boot: a machine that has not slept has slept for nothing. */
    @Test
    void what_was_slept_is_the_uptime_without_the_time_of_the_clock_that_stands_still() throws IOException {
        double uptime = Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
        double awake = System.nanoTime() / 1e9;
        assertEquals(Math.max(0, uptime - awake), Clock.system().slept().toMillis() / 1e3, 1);
    }
}
