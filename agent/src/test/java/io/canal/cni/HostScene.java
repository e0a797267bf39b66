package io.canal.cni;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** One host for all tests of a class; what a test changed is set back after it. */
abstract class HostScene {

    @TempDir
    static Path root;

    static TestHost host;

    @BeforeAll
    static void start() throws Exception {
        host = new TestHost(root);
    }

    @AfterAll
    static void stop() {
        host.close();
    }

    @AfterEach
    void reset() throws Exception {
        host.reset();
    }
}
