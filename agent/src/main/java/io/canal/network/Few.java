package io.canal.network;

import io.canal.model.SubnetKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Small sets of peers in ascending order: nearly all have one member, and thousands of them are kept. */
final class Few {

    private Few() {}

    static List<SubnetKey> with(@Nullable List<SubnetKey> peers, SubnetKey peer) {
        if (peers == null || peers.isEmpty()) {
            return List.of(peer);
        }
        if (peers.contains(peer)) {
            return peers;
        }
        List<SubnetKey> more = new ArrayList<>(peers);
        more.add(peer);
        more.sort(PeerOrder.INSTANCE);
        return List.copyOf(more);
    }

    static List<SubnetKey> without(@Nullable List<SubnetKey> peers, SubnetKey peer) {
        if (peers == null || peers.size() == 1 && peers.getFirst().equals(peer)) {
            return List.of();
        }
        List<SubnetKey> fewer = new ArrayList<>(peers);
        fewer.remove(peer);
        return List.copyOf(fewer);
    }
}
