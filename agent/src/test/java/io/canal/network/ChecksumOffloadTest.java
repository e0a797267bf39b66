package io.canal.network;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksumOffloadTest {

    @ParameterizedTest
    @ValueSource(strings = {"5.4.0-42-generic", "4.18.0-193.el8.x86_64", "5.6.19", "5.8.0-63-generic\n", "3.10.0-1160.el7.x86_64"})
    void kernels_that_send_wrong_checksums_are_known(String release) {
        assertTrue(ChecksumOffload.isBroken(release));
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.7.0", "5.10.0-28-amd64", "5.15.0-89-generic", "6.18.0", "what", ""})
    void others_are_trusted(String release) {
        assertFalse(ChecksumOffload.isBroken(release));
    }
}
