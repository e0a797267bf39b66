package io.canal.network;

import io.canal.model.SubnetKey;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Desired objects with the peers that ask for them: several may ask for the same one, and the lowest of them says how it is. */
final class Claims<K, V> {

    private final Wanted<K, V> out;
    private final Map<K, TreeMap<SubnetKey, V>> claims = new HashMap<>();

    Claims(Wanted<K, V> out) {
        this.out = out;
    }

    void claim(SubnetKey peer, K key, V value) {
        TreeMap<SubnetKey, V> peers = claims.computeIfAbsent(key, none -> new TreeMap<>(PeerOrder.INSTANCE));
        V before = peers.isEmpty() ? null : peers.firstEntry().getValue();
        peers.put(peer, value);
        V now = peers.firstEntry().getValue();
        if (!now.equals(before)) {
            out.want(key, now);
        }
    }

    void withdraw(SubnetKey peer, K key) {
        TreeMap<SubnetKey, V> peers = claims.get(key);
        if (peers == null) {
            return;
        }
        V before = peers.firstEntry().getValue();
        peers.remove(peer);
        if (peers.isEmpty()) {
            claims.remove(key);
            out.unwant(key);
        } else if (!peers.firstEntry().getValue().equals(before)) {
            out.want(key, peers.firstEntry().getValue());
        }
    }
}
