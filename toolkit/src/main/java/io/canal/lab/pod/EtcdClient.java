package io.canal.lab.pod;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Program;
import io.canal.model.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** etcdctl on a host that has a member of the lab's cluster, asking whichever member answers, with the client certificate that the etcd charm made. */
public final class EtcdClient {

    private static final String TLS = "/etc/etcd/tls/";

    private final Program etcdctl;

    private EtcdClient(List<Host> members) {
        String endpoints = members.stream().map(member -> "https://" + member.address() + ":2379").collect(Collectors.joining(","));
        this.etcdctl = members.getFirst().program("etcdctl", "--endpoints=" + endpoints, "--cacert=" + TLS + "ca.crt",
                "--cert=" + TLS + "client.crt", "--key=" + TLS + "client.key").env("ETCDCTL_API", "3");
    }

    public static EtcdClient onAnyOf(List<Host> hosts) {
        List<Host> members = hosts.stream().filter(host -> host.isUp() && Files.exists(host.path("/etc/default/etcd"))).toList();
        if (members.isEmpty()) {
            throw new LabException("No host of the lab runs etcd.");
        }
        return new EtcdClient(members);
    }

    public Optional<String> get(String key) {
        String text = answer(etcdctl.with("get", "--print-value-only", "--", key));
        return text.isEmpty() ? Optional.empty() : Optional.of(text.substring(0, text.length() - 1));
    }

    public void put(String key, String value) {
        answer(etcdctl.with("put", "--", key).stdin(value));
    }

    public void delete(String key) {
        answer(etcdctl.with("del", "--", key));
    }

    /** All keys that begin with {@code prefix}, in order. */
    public List<String> keys(String prefix) {
        return List.copyOf(entries(prefix).keySet());
    }

    /** All keys that begin with {@code prefix} and their values, in order, at one moment. */
    public SortedMap<String, String> entries(String prefix) {
        SortedMap<String, String> entries = new TreeMap<>();
        String answer = answer(etcdctl.with("get", "--prefix", "--write-out=json", "--", prefix));
        for (JsonNode entry : Json.object("etcdctl's answer", answer).orThrow().path("kvs")) {
            entries.put(decoded(entry.path("key")), decoded(entry.path("value")));
        }
        return entries;
    }

    private static String answer(Program asking) {
        Program.Outcome outcome = asking.run();
        if (!outcome.succeeded()) {
            throw new LabException("The lab's etcd does not answer: " + outcome.err().lines().reduce((first, last) -> last).orElse("exit code " + outcome.code()));
        }
        return outcome.out();
    }

    private static String decoded(JsonNode base64) {
        return new String(Base64.getDecoder().decode(base64.asText()), StandardCharsets.UTF_8);
    }
}
