package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** What real Calico programs wrote to etcd. */
final class RecordedEtcd {

    private RecordedEtcd() {}

    record Entry(String key, String value) {}

    /** All that calicoctl and the CNI plugin wrote of API v3. */
    static List<Entry> all() {
        List<Entry> entries = new ArrayList<>(ofPlugin());
        try (InputStream in = resource("/upstream/calicoctl/etcd-all-kinds.json")) {
            for (JsonNode entry : new ObjectMapper().readTree(in)) {
                if (entry.path("key").asText().startsWith(ResourceKey.ROOT)) {
                    entries.add(new Entry(entry.path("key").asText(), entry.path("value").asText()));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return entries;
    }

    /** The first entry of the plugin whose key ends so and whose value has this in it. */
    static Entry ofPlugin(String keyEnd, String within) {
        return ofPlugin().stream().filter(entry -> entry.key().endsWith(keyEnd) && entry.value().contains(within)).findFirst().orElseThrow();
    }

    private static List<Entry> ofPlugin() {
        List<Entry> entries = new ArrayList<>();
        try (InputStream in = new GZIPInputStream(resource("/upstream/cni/calico-cni.txt.gz"))) {
            String key = "";
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (line.startsWith("key   ")) {
                    key = line.substring(6);
                } else if (line.startsWith("value ")) {
                    entries.add(new Entry(key, line.substring(6)));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return entries;
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(RecordedEtcd.class.getResourceAsStream(name), name);
    }
}
