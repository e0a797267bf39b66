package io.canal.network;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Mac;
import java.util.HashMap;
import java.util.Map;

/** What a calculator asks for at present, and how many changes it took to say so. */
final class Collected {

    final Map<Cidr, Hop> routes = new HashMap<>();
    final Map<Ip, Mac> neighbours = new HashMap<>();
    final Map<FarEnd, Ip> farEnds = new HashMap<>();
    int changes;

    final PeerCalculator calculator = new PeerCalculator(into(routes), into(neighbours), into(farEnds));

    private <K, V> Wanted<K, V> into(Map<K, V> map) {
        return new Wanted<>() {

            @Override
            public void want(K key, V value) {
                changes++;
                map.put(key, value);
            }

            @Override
            public void unwant(K key) {
                changes++;
                assertTrue(map.containsKey(key), () -> key + " was never asked for");
                map.remove(key);
            }
        };
    }
}
