package io.canal.network;

import io.canal.model.SubnetKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Desired objects with the peers that ask for them: several may ask for the same one, and the lowest of them says how it is. */
final class Claims<K, V> {

    private final Wanted<K, V> out;
    private final Map<K, List<Claim<V>>> claims = new HashMap<>();

    private record Claim<V>(SubnetKey peer, V value) {}

    Claims(Wanted<K, V> out) {
        this.out = out;
    }

    void claim(SubnetKey peer, K key, V value) {
        List<Claim<V>> before = claims.getOrDefault(key, List.of());
        List<Claim<V>> now = List.of(new Claim<>(peer, value));
        if (!before.isEmpty()) {
            List<Claim<V>> all = others(before, peer);
            all.addAll(now);
            all.sort((a, b) -> PeerOrder.INSTANCE.compare(a.peer, b.peer));
            now = List.copyOf(all);
        }
        claims.put(key, now);
        if (before.isEmpty() || !before.getFirst().value.equals(now.getFirst().value)) {
            out.want(key, now.getFirst().value);
        }
    }

    void withdraw(SubnetKey peer, K key) {
        List<Claim<V>> before = claims.getOrDefault(key, List.of());
        List<Claim<V>> now = others(before, peer);
        if (!now.isEmpty()) {
            claims.put(key, List.copyOf(now));
            if (!before.getFirst().value.equals(now.getFirst().value)) {
                out.want(key, now.getFirst().value);
            }
        } else if (claims.remove(key) != null) {
            out.unwant(key);
        }
    }

    private List<Claim<V>> others(List<Claim<V>> all, SubnetKey peer) {
        List<Claim<V>> others = new ArrayList<>(all.size() + 1);
        for (Claim<V> claim : all) {
            if (!claim.peer.equals(peer)) {
                others.add(claim);
            }
        }
        return others;
    }
}
