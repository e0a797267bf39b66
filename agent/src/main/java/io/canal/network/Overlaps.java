package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.SubnetKey;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds the peers whose subnets share an address with a block; the cost does not grow with the number of peers. */
final class Overlaps {

    private final TreeMap<Cidr, Set<SubnetKey>> blocks = new TreeMap<>();
    /** How many blocks there are of each length, so that lengths that nobody has are not looked up. */
    private final Map<Integer, Integer> lengths = new HashMap<>();

    void add(SubnetKey peer) {
        for (Cidr block : peer.cidrs()) {
            if (blocks.computeIfAbsent(block, none -> new TreeSet<>(PeerOrder.INSTANCE)).add(peer)) {
                lengths.merge(block.length(), 1, Integer::sum);
            }
        }
    }

    void remove(SubnetKey peer) {
        for (Cidr block : peer.cidrs()) {
            Set<SubnetKey> peers = blocks.get(block);
            if (peers != null && peers.remove(peer)) {
                lengths.computeIfPresent(block.length(), (length, count) -> count == 1 ? null : count - 1);
                if (peers.isEmpty()) {
                    blocks.remove(block);
                }
            }
        }
    }

    /** Those that share an address with this peer, itself left out. */
    Set<SubnetKey> of(SubnetKey peer) {
        Set<SubnetKey> found = new TreeSet<>(PeerOrder.INSTANCE);
        for (Cidr block : peer.cidrs()) {
            // What lies within the block, the block itself included, sorts from its base to its last address.
            blocks.subMap(block, true, new Cidr(block.last(), block.family().bits()), true).values().forEach(found::addAll);
            for (int length : lengths.keySet()) {
                if (length < block.length()) {
                    found.addAll(blocks.getOrDefault(Cidr.containing(block.base(), length), Set.of()));
                }
            }
        }
        found.remove(peer);
        return found;
    }
}
