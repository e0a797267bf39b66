package io.canal.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools are scripts that answer what real Juju answered, and write down how they were called. */
class HookToolsTest {

    @TempDir
    private Path folder;

    @Test
    void asks_for_all_options_as_json() throws IOException {
        tool("config-get", "{\"cidr\":\"10.1.0.0/16\",\"fail-on\":\"\",\"iface\":\"\",\"ignore-loose-rpf\":false,\"mtu\":0,\"nodefault\":null}", 0);
        assertEquals("10.1.0.0/16", tools().config().path("cidr").asText());
        assertEquals(List.of("--all --format=json"), calls("config-get"));
    }

    @Test
    void reads_relations_units_and_data() throws IOException {
        tool("relation-ids", "[\"etcd:3\"]", 0);
        tool("relation-list", "[\"etcd/0\"]", 0);
        tool("relation-get", "{\"client_cert\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\",\"version\":\"3.4.23\"}", 0);
        assertEquals(List.of("etcd:3"), tools().relationIds("etcd"));
        assertEquals(List.of("etcd/0"), tools().relationUnits("etcd:3"));
        assertEquals("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", tools().relationData("etcd:3", "etcd/0").get("client_cert"));
        assertEquals(List.of("-r etcd:3 --format=json - etcd/0"), calls("relation-get"));
    }

    @Test
    void publishes_through_standard_input() throws IOException {
        tool("relation-set", "", 0);
        tools().publish("cni:2", Map.of("cidr", "a: \"b\"\n"));
        assertEquals(List.of("-r cni:2 --file -"), calls("relation-set"));
        assertEquals("{\"cidr\":\"a: \\\"b\\\"\\n\"}", Files.readString(folder.resolve("relation-set.stdin")));
    }

    @Test
    void reads_and_publishes_what_is_the_applications() throws IOException {
        tool("relation-get", "{\"network\":\"x\"}", 0);
        tool("relation-set", "", 0);
        assertEquals(Map.of("network", "x"), tools().applicationData("peer:0", "canal/0"));
        tools().publishForApplication("peer:0", Map.of("network", "y"));
        assertEquals(List.of("-r peer:0 --app --format=json - canal/0"), calls("relation-get"));
        assertEquals(List.of("-r peer:0 --app --file -"), calls("relation-set"));
        assertEquals("{\"network\":\"y\"}", Files.readString(folder.resolve("relation-set.stdin")));
    }

    @Test
    void a_message_may_begin_with_a_dash() throws IOException {
        tool("status-set", "", 0);
        tools().status(Status.waiting("-x"));
        assertEquals(List.of("waiting -- -x"), calls("status-set"));
    }

    @Test
    void a_refusal_carries_jujus_own_words() throws IOException {
        tool("config-get", "ERROR permission denied", 1);
        JujuRefused refused = assertThrows(JujuRefused.class, () -> tools().config());
        assertEquals("config-get failed with 1: ERROR permission denied", refused.getMessage());
    }

    @Test
    void an_endpoint_without_network_is_no_error() throws IOException {
        tool("network-get", "ERROR no network config found for binding \"nosuch\"", 1);
        assertEquals(Optional.empty(), tools().network("nosuch"));
    }

    @Test
    void a_tool_that_is_missing_is_named() {
        assertTrue(String.valueOf(assertThrows(JujuRefused.class, () -> tools().isLeader()).getMessage()).startsWith("is-leader cannot be run"));
    }

    @Test
    void no_results_are_no_call() throws IOException {
        tool("action-set", "", 0);
        tools().actionResults(Map.of());
        tools().actionResults(Map.of("problems.0.what", "a b"));
        assertEquals(List.of("problems.0.what=a b"), calls("action-set"));
    }

    @Test
    void results_that_one_call_cannot_carry_go_in_several() throws IOException {
        tool("action-set", "", 0);
        Map<String, String> results = new TreeMap<>();
        for (int i = 0; i < 60; i++) {
            results.put("rules." + i, "x".repeat(100_000));
        }
        tools().actionResults(results);
        String all = String.join(" ", calls("action-set"));
        assertTrue(results.keySet().stream().allMatch(key -> all.contains(key + "=x")));
    }

    private HookTools tools() {
        return new HookTools(folder);
    }

    private void tool(String name, String answer, int code) throws IOException {
        Files.writeString(folder.resolve(name + ".answer"), answer + "\n");
        Path script = folder.resolve(name);
        Files.writeString(script, """
                #!/bin/sh
                echo "$*" >>"$0.calls"
                cat >"$0.stdin"
                cat "$0.answer" %s
                exit %d
                """.formatted(code == 0 ? "" : ">&2", code));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<String> calls(String name) throws IOException {
        Path calls = folder.resolve(name + ".calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }
}
