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

/** etcdctl on a host that has a member of the lab's cluster, with the client certificate that the etcd charm made. */
public final class EtcdClient {

    private static final String TLS = "/etc/etcd/tls/";

    private final Program etcdctl;

    private EtcdClient(Host member) {
        this.etcdctl = member.program("etcdctl", "--endpoints=https://127.0.0.1:2379", "--cacert=" + TLS + "ca.crt",
                "--cert=" + TLS + "client.crt", "--key=" + TLS + "client.key").env("ETCDCTL_API", "3");
    }

    public static EtcdClient onAnyOf(List<Host> hosts) {
        return hosts.stream().filter(host -> host.isUp() && Files.exists(host.path("/etc/default/etcd"))).findFirst().map(EtcdClient::new)
                .orElseThrow(() -> new LabException("No host of the lab runs etcd."));
    }

    public Optional<String> get(String key) {
        String text = etcdctl.with("get", "--print-value-only", "--", key).must();
        return text.isEmpty() ? Optional.empty() : Optional.of(text.substring(0, text.length() - 1));
    }

    public void put(String key, String value) {
        etcdctl.with("put", "--", key).stdin(value).must();
    }

    public void delete(String key) {
        etcdctl.with("del", "--", key).must();
    }

    /** All keys that begin with {@code prefix}, in order. */
    public List<String> keys(String prefix) {
        return List.copyOf(entries(prefix).keySet());
    }

    /** All keys that begin with {@code prefix} and their values, in order, at one moment. */
    public SortedMap<String, String> entries(String prefix) {
        SortedMap<String, String> entries = new TreeMap<>();
        String answer = etcdctl.with("get", "--prefix", "--write-out=json", "--", prefix).must();
        for (JsonNode entry : Json.object("etcdctl's answer", answer).orThrow().path("kvs")) {
            entries.put(decoded(entry.path("key")), decoded(entry.path("value")));
        }
        return entries;
    }

    private static String decoded(JsonNode base64) {
        return new String(Base64.getDecoder().decode(base64.asText()), StandardCharsets.UTF_8);
    }
}
