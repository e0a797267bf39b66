package io.canal.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.rules.FelixParameters;
import io.canal.policy.rules.RuleSettings;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What rules depend on beside policies: Calico's FelixConfiguration of all nodes, over it the one of this node, over that the options of
 * the charm; pools and addresses. It belongs to the apply loop's thread.
 */
final class PolicySettings {

    private static final String ALL_NODES = "default";

    private final UnaryOperator<RuleSettings> options;
    private final Map<ResourceKey, PolicyObject.Pool> poolRows = new HashMap<>();
    private final Map<String, JsonNode> parameters = new HashMap<>();
    private List<Cidr> services = List.of();
    private String node = "";
    private Map<Cidr, Boolean> pools = Map.of();
    private Collection<Ip> hostAddresses = Set.of();
    /** Without the options; null where it has to be worked out anew. */
    private @Nullable RuleSettings merged;

    /** @param options what the charm and the network say, asked in every pass */
    PolicySettings(UnaryOperator<RuleSettings> options) {
        this.options = options;
    }

    void node(String name) {
        if (!name.equals(node)) {
            node = name;
            merged = null;
        }
    }

    void pool(ResourceKey key, Optional<PolicyObject.Pool> pool) {
        pool.ifPresentOrElse(now -> poolRows.put(key, now), () -> poolRows.remove(key));
        Map<Cidr, Boolean> now = new HashMap<>();
        poolRows.values().forEach(each -> now.merge(each.block(), each.masqueraded(), Boolean::logicalOr));
        pools = now;
    }

    void parameters(String name, Optional<JsonNode> spec) {
        spec.ifPresentOrElse(now -> parameters.put(name, now), () -> parameters.remove(name));
        merged = null;
    }

    void services(List<Cidr> blocks) {
        services = blocks;
        merged = null;
    }

    void hostAddresses(Collection<Ip> now) {
        hostAddresses = now;
    }

    Map<Cidr, Boolean> pools() {
        return pools;
    }

    Collection<Ip> hostAddresses() {
        return hostAddresses;
    }

    RuleSettings rules() {
        RuleSettings felix = merged;
        if (felix == null) {
            felix = RuleSettings.defaults();
            for (String name : new String[] {ALL_NODES, "node." + node}) {
                JsonNode spec = parameters.get(name);
                if (spec != null) {
                    felix = FelixParameters.over(felix, spec);
                }
            }
            felix = felix.withServiceBlocks(services);
            merged = felix;
        }
        return options.apply(felix);
    }
}
