package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which hooks get as far as a JVM: those that the charm does something for. */
class DispatchTest {

    @TempDir
    Path charm;

    @BeforeEach
    void aJvmThatOnlySaysThatItRan() throws IOException {
        Path java = charm.resolve("program/runtime/bin/java");
        Files.createDirectories(java.getParent());
        Files.createDirectories(charm.resolve("program/lib"));
        Files.createFile(charm.resolve("program/lib/one.jar"));
        Files.writeString(java, "#!/bin/sh\n: >" + charm.resolve("ran") + "\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private boolean runs(String hook, String... environment) throws Exception {
        Files.deleteIfExists(charm.resolve("ran"));
        ProcessBuilder builder = new ProcessBuilder(Path.of("../dispatch").toRealPath().toString()).inheritIO();
        Map<String, String> variables = builder.environment();
        variables.putAll(Map.of("JUJU_DISPATCH_PATH", "hooks/" + hook, "JUJU_CHARM_DIR", charm.toString(), "JUJU_PRINCIPAL_UNIT", "node/1"));
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        assertEquals(0, builder.start().waitFor(), hook);
        return Files.exists(charm.resolve("ran"));
    }

    @Test
    void hooks_without_work_need_no_jvm() throws Exception {
        for (String hook : new String[] {"etcd-relation-joined", "cni-relation-joined", "peer-relation-created", "peer-relation-joined", "peer-relation-changed",
            "nrpe-external-master-relation-created", "nrpe-external-master-relation-changed", "nrpe-external-master-relation-broken"}) {
            assertEquals(false, runs(hook, "JUJU_REMOTE_UNIT", "node/1"), hook);
        }
        assertEquals(false, runs("cni-relation-changed", "JUJU_REMOTE_UNIT", "node/0"), "another principal's");
    }

    @Test
    void all_others_do() throws Exception {
        for (String hook : new String[] {"install", "start", "stop", "remove", "config-changed", "update-status", "upgrade-charm", "leader-elected",
            "etcd-relation-created", "etcd-relation-changed", "etcd-relation-departed", "etcd-relation-broken", "cni-relation-created",
            "cni-relation-departed", "cni-relation-broken", "peer-relation-departed", "peer-relation-broken"}) {
            assertEquals(true, runs(hook), hook);
        }
        assertEquals(true, runs("cni-relation-changed", "JUJU_REMOTE_UNIT", "node/1"), "our principal's");
        assertEquals(true, runs("cni-relation-changed", "JUJU_REMOTE_UNIT", ""), "its application's");
    }
}
