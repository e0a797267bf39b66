package io.canal.ruleset.tenants;

import io.canal.model.Cidr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A masquerade rule as it was read from a kernel: {@code from} and {@code to} where it matches them, and whether it masquerades or
 * returns.
 */
public record MasqueradeRule(Optional<Net> from, Optional<Net> to, boolean masquerades) {

    public record Net(Cidr cidr, boolean negated) {}

    /**
     * The networks that the rules masquerade, each with the subnet that they take for the node's own: the one whose packets from
     * outside keep their source.
     */
    public static List<PodNetwork> networks(List<MasqueradeRule> rules) {
        Map<Cidr, Optional<Cidr>> networks = new LinkedHashMap<>();
        for (MasqueradeRule rule : rules) {
            if (rule.masquerades && rule.from.isPresent() && !rule.from.get().negated()) {
                networks.put(rule.from.get().cidr(), Optional.empty());
            }
        }
        for (MasqueradeRule rule : rules) {
            if (!rule.masquerades && rule.from.isPresent() && rule.to.isPresent() && rule.from.get().negated() && !rule.to.get().negated()) {
                networks.computeIfPresent(rule.from.get().cidr(), (network, own) -> Optional.of(rule.to.get().cidr()));
            }
        }
        List<PodNetwork> all = new ArrayList<>();
        // A subnet outside its network is found too: rules may be wrong.
        networks.forEach((network, own) -> all.add(own.filter(subnet -> !network.contains(subnet)).isPresent()
                ? new PodNetwork(own.get(), own)
                : new PodNetwork(network, own)));
        return all;
    }
}
