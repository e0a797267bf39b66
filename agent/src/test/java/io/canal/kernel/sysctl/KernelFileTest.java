package io.canal.kernel.sysctl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class KernelFileTest {

    /** The kernel takes no pid_max below 301, so one digit is not all of it. */
    @Test
    void all_digits_of_a_control_are_read() throws IOException {
        String most = KernelFile.read(Path.of("/proc/sys/kernel/pid_max"));
        assertTrue(Integer.parseInt(most.strip()) >= 301, most);
    }
}
