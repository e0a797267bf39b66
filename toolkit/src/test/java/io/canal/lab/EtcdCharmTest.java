package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab's etcd, whose hooks run with tools that write down how they were called. */
final class EtcdCharmTest {

    @TempDir
    Path tools;

    @Test
    void the_leader_shares_private_keys_by_standard_input_and_not_as_arguments() throws Exception {
        tool("relation-ids", "echo cluster:0");
        tool("network-get", "echo 10.0.0.1");
        tool("is-leader", "echo True");
        tool("relation-get", "true");
        // The hook ends where the CA is shared, before it would touch this machine.
        tool("relation-set", "echo \"$*\" >>\"$0.calls\"; case $* in *--app*) cat >\"$0.stdin\"; exit 1 ;; esac");
        ProcessBuilder hook = new ProcessBuilder("sh", Path.of("src/main/charms/etcd/dispatch").toAbsolutePath().toString());
        hook.environment().putAll(Map.of("PATH", tools + ":" + System.getenv("PATH"), "JUJU_DISPATCH_PATH", "hooks/cluster-relation-created",
                "JUJU_UNIT_NAME", "etcd/0", "JUJU_MODEL_NAME", "lab"));
        assertEquals(1, hook.redirectErrorStream(true).redirectOutput(tools.resolve("said").toFile()).start().waitFor(),
                () -> read("said"));
        assertFalse(read("relation-set.calls").contains("PRIVATE"), () -> read("relation-set.calls"));
        JsonNode shared = Trees.yaml(read("relation-set.stdin"));
        for (String key : new String[] {"ca-key", "client-key"}) {
            assertEquals("-----BEGIN PRIVATE KEY-----", shared.path(key).asText().lines().findFirst().orElse(""));
        }
        for (String certificate : new String[] {"ca", "client-cert"}) {
            assertEquals("-----BEGIN CERTIFICATE-----", shared.path(certificate).asText().lines().findFirst().orElse(""));
        }
    }

    private String read(String name) {
        try {
            return Files.readString(tools.resolve(name));
        } catch (IOException missing) {
            return "";
        }
    }

    private void tool(String name, String script) throws IOException {
        Path file = Files.writeString(tools.resolve(name), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
