package io.canal.dataplane.filter;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.policy.rules.CountedPolicy;
import io.canal.policy.rules.PolicyRules;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Keeps the ruleset to what the inputs say; the cost of one changed peer or pod does not grow with the number of others. */
final class NodeRules {

    private static final HookPoint FORWARD = new HookPoint(Layer.FILTER, Hook.FORWARD);
    private static final HookPoint POSTROUTING = new HookPoint(Layer.NAT, Hook.POSTROUTING);

    private final FilterInputs inputs;
    private final Ruleset ruleset = new Ruleset();
    private final PolicyRules policy;
    /** What opens a foreign FORWARD chain that drops by policy. */
    private final Ruleset opening = new Ruleset();
    private final Map<String, Set<Ip>> peers = new HashMap<>();
    private final Map<Ip, Integer> peerUses = new HashMap<>();
    private Map<Cidr, Boolean> pools = Map.of();
    private Map<String, WorkloadTraits> traits = Map.of();
    private Collection<Ip> hostAddresses = Set.of();
    private @Nullable NodeNetworks networks;

    NodeRules(FilterInputs inputs) {
        this.inputs = inputs;
        policy = new PolicyRules(ruleset, inputs.policy().settings().withOverlayPorts(inputs.networks().get().overlayPorts()));
        // The peers that were written before this began are new to us.
        inputs.peers().rows().forEach(this::peer);
    }

    Ruleset ruleset() {
        return ruleset;
    }

    Ruleset opening() {
        return opening;
    }

    List<CountedPolicy> counted(Dialect dialect) {
        return policy.counted(dialect);
    }

    /** What could not be made as the inputs say, in sentences. */
    List<String> problems() {
        return policy.problems();
    }

    /** What holds now, the ports of the overlay among it. */
    RuleSettings settings() {
        return inputs.policy().settings().withOverlayPorts(inputs.networks().get().overlayPorts());
    }

    /** @param policyKnown whether it is known what holds */
    void update(boolean policyKnown) {
        NodeNetworks now = inputs.networks().get();
        policy.settings(settings());
        Map<Cidr, Boolean> poolsNow = inputs.policy().pools();
        if (!poolsNow.equals(pools)) {
            pools = poolsNow;
            policy.pools(poolsNow);
        }
        Collection<Ip> addressesNow = inputs.policy().hostAddresses();
        if (!addressesNow.equals(hostAddresses)) {
            hostAddresses = addressesNow;
            policy.hostAddresses(addressesNow);
        }
        for (String key : inputs.peers().takeChanged()) {
            Set<Ip> addresses = inputs.peers().get(key);
            peer(key, addresses == null ? Set.of() : addresses);
        }
        if (policyKnown) {
            inputs.policy().flush(policy);
            writeTraits(inputs.policy().traits());
        }
        policy.settle();
        writeHooks(now);
        if (!now.equals(networks)) {
            networks = now;
            writeNetworks(now);
        }
    }

    private void writeTraits(Map<String, WorkloadTraits> now) {
        if (!now.equals(traits)) {
            traits.keySet().stream().filter(iface -> !now.containsKey(iface)).forEach(iface -> policy.traits(iface, WorkloadTraits.NONE));
            now.forEach(policy::traits);
            traits = Map.copyOf(now);
        }
    }

    /** The rules of the kernel's chains: the policy's, then flannel's. */
    private void writeHooks(NodeNetworks now) {
        policy.hooks().forEach((point, rules) -> {
            List<Rule> last = new ArrayList<>(rules.last());
            if (point.equals(FORWARD) && !now.networks().isEmpty()) {
                last.add(FlannelRules.forwardJump(now.networks()));
            }
            boolean masquerades = point.equals(POSTROUTING) && now.masquerade() && !now.networks().isEmpty();
            if (masquerades) {
                last.add(FlannelRules.masqueradeJump(now.networks()));
            }
            ruleset.put(point, new HookRules(rules.first(), last, rules.idle() && !masquerades, rules.behind()));
        });
    }

    private void writeNetworks(NodeNetworks now) {
        List<PodNetwork> all = now.networks();
        if (all.isEmpty()) {
            ruleset.remove(FlannelRules.FORWARD);
            opening.remove(FlannelRules.FORWARD);
            opening.remove(FORWARD);
        } else {
            ruleset.put(FlannelRules.forward(all));
            opening.put(FlannelRules.forward(all));
            opening.put(FORWARD, new HookRules(List.of(), List.of(FlannelRules.forwardJump(all))));
        }
        if (all.isEmpty() || !now.masquerade()) {
            ruleset.remove(FlannelRules.MASQUERADE);
        } else {
            ruleset.put(FlannelRules.masquerade(all));
        }
    }

    private void peer(String key, Set<Ip> addresses) {
        Set<Ip> before = addresses.isEmpty() ? peers.remove(key) : peers.put(key, Set.copyOf(addresses));
        for (Ip address : addresses) {
            if (peerUses.merge(address, 1, Integer::sum) == 1) {
                policy.peer(address);
            }
        }
        for (Ip address : before == null ? Set.<Ip>of() : before) {
            Integer left = peerUses.merge(address, -1, Integer::sum);
            if (left != null && left == 0) {
                peerUses.remove(address);
                policy.peerGone(address);
            }
        }
    }
}
