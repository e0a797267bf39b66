package io.canal.ruleset.tenants;

import io.canal.model.Cidr;
import java.util.Optional;

/**
 * A network of pods in one family.
 *
 * @param own this node's subnet, where it lies in this network
 */
public record PodNetwork(Cidr network, Optional<Cidr> own) {

    public PodNetwork {
        own.ifPresent(subnet -> {
            if (!network.contains(subnet)) {
                throw new IllegalArgumentException("the subnet " + subnet + " is not within the network " + network);
            }
        });
    }
}
