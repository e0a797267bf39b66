package io.canal.dataplane.nft;

import io.canal.ruleset.nft.NftElement;
import io.canal.ruleset.nft.NftSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The sets of ports that chains look up: each is wanted while some chain looks it up. */
final class PortSets {

    private final RefusedSets sets;
    private final NftElements elements;
    private final Map<String, Set<NftSet>> ofChain = new HashMap<>();
    private final Map<NftSet, Integer> uses = new HashMap<>();

    PortSets(RefusedSets sets, NftElements elements) {
        this.sets = sets;
        this.elements = elements;
    }

    /** A chain looks up these. */
    void want(String chain, Map<NftSet, List<NftElement>> ports) {
        Set<NftSet> before = ofChain.getOrDefault(chain, Set.of());
        ports.forEach((set, itsElements) -> {
            if (!before.contains(set) && uses.merge(set, 1, Integer::sum) == 1) {
                sets.want(set);
                elements.want(itsElements);
            }
        });
        before.stream().filter(set -> !ports.containsKey(set)).forEach(this::release);
        if (ports.isEmpty()) {
            ofChain.remove(chain);
        } else {
            ofChain.put(chain, Set.copyOf(ports.keySet()));
        }
    }

    /** A chain is wanted no more. */
    void unwant(String chain) {
        Set<NftSet> ports = ofChain.remove(chain);
        if (ports != null) {
            ports.forEach(this::release);
        }
    }

    private void release(NftSet set) {
        Integer left = uses.merge(set, -1, Integer::sum);
        if (left != null && left == 0) {
            uses.remove(set);
            sets.unwant(set.name());
            elements.unwantAll(set.name());
        }
    }
}
