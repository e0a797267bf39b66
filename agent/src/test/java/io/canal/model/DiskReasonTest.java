package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class DiskReasonTest {

    @Test
    void a_reason_has_no_name_of_a_class() {
        assertEquals("No space left on device", DiskReason.of(new IOException("No space left on device")));
        assertEquals("/var/x: No space left on device", DiskReason.of(new FileSystemException("/var/x", null, "No space left on device")));
        assertEquals("/var/x: there is no such file or folder", DiskReason.of(new NoSuchFileException("/var/x")));
        assertEquals("for a reason that the system did not tell", DiskReason.of(new IOException()));
    }
}
