package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.SubnetKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds the peers whose subnets share an address with a block; the cost does not grow with the number of peers. */
final class Overlaps {

    private final Map<Cidr, List<SubnetKey>> blocks = new HashMap<>();
    /** The same blocks in order, to find the longer ones within a block. */
    private final NavigableMap<Cidr, List<SubnetKey>> inOrder = new TreeMap<>();
    /** How many blocks there are of each length, so that lengths that nobody has are not looked up. */
    private final Map<Integer, Integer> lengths = new HashMap<>();

    void add(SubnetKey peer) {
        for (Cidr block : peer.cidrs()) {
            List<SubnetKey> peers = Few.with(blocks.get(block), peer);
            blocks.put(block, peers);
            inOrder.put(block, peers);
            lengths.merge(block.length(), 1, Integer::sum);
        }
    }

    void remove(SubnetKey peer) {
        for (Cidr block : peer.cidrs()) {
            List<SubnetKey> peers = Few.without(blocks.get(block), peer);
            if (peers.isEmpty()) {
                blocks.remove(block);
                inOrder.remove(block);
            } else {
                blocks.put(block, peers);
                inOrder.put(block, peers);
            }
            lengths.computeIfPresent(block.length(), (length, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Those that share an address with this peer, in ascending order, itself left out. */
    List<SubnetKey> of(SubnetKey peer) {
        TreeSet<SubnetKey> found = null;
        for (Cidr block : peer.cidrs()) {
            for (int length : lengths.keySet()) {
                if (length > block.length()) {
                    // What lies within the block sorts from its base to its last address.
                    NavigableMap<Cidr, List<SubnetKey>> within = inOrder.subMap(block, false, new Cidr(block.last(), block.family().bits()), true);
                    for (List<SubnetKey> peers : within.values()) {
                        found = gathered(found, peers);
                    }
                } else {
                    List<SubnetKey> peers = blocks.get(length == block.length() ? block : Cidr.containing(block.base(), length));
                    if (peers != null) {
                        found = gathered(found, peers);
                    }
                }
            }
        }
        if (found == null) {
            return List.of();
        }
        found.remove(peer);
        return List.copyOf(found);
    }

    private static TreeSet<SubnetKey> gathered(@Nullable TreeSet<SubnetKey> found, List<SubnetKey> more) {
        TreeSet<SubnetKey> all = found == null ? new TreeSet<>(PeerOrder.INSTANCE) : found;
        all.addAll(more);
        return all;
    }
}
