package io.canal.dataplane.filter;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Member;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import io.canal.ruleset.tenants.WorkloadRules;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Keeps the ruleset to what the inputs say; the cost of one changed peer or pod does not grow with the number of others. */
final class NodeRules {

    private static final HookPoint INPUT = new HookPoint(Layer.FILTER, Hook.INPUT);
    private static final HookPoint FORWARD = new HookPoint(Layer.FILTER, Hook.FORWARD);
    private static final HookPoint POSTROUTING = new HookPoint(Layer.NAT, Hook.POSTROUTING);

    private final FilterInputs inputs;
    private final Ruleset ruleset = new Ruleset();
    /** What opens a foreign FORWARD chain that drops by policy. */
    private final Ruleset opening = new Ruleset();
    private final Map<String, Set<Ip>> peers = new HashMap<>();
    private final Map<Ip, Integer> peerUses = new HashMap<>();
    private final Set<String> endpoints = new HashSet<>();
    private @Nullable NodeNetworks networks;

    NodeRules(FilterInputs inputs) {
        this.inputs = inputs;
        for (Family family : Family.values()) {
            ruleset.put(WorkloadRules.overlayPeers(family));
        }
        ruleset.put(WorkloadRules.FROM);
        ruleset.put(WorkloadRules.TO);
        ruleset.put(WorkloadRules.toHost());
        ruleset.put(INPUT, new HookRules(List.of(WorkloadRules.inputJump()), List.of()));
        // The peers that were written before this began are new to us.
        inputs.peers().rows().forEach(this::peer);
    }

    Ruleset ruleset() {
        return ruleset;
    }

    Ruleset opening() {
        return opening;
    }

    void update() {
        NodeNetworks now = inputs.networks().get();
        NodeNetworks before = networks;
        if (!now.equals(before)) {
            networks = now;
            writeNetworks(now);
            if (before == null || !before.overlayPorts().equals(now.overlayPorts())) {
                ruleset.put(WorkloadRules.forward(now.overlayPorts()));
                ruleset.put(WorkloadRules.input(now.overlayPorts()));
                endpoints.forEach(iface -> ruleset.put(WorkloadRules.fromEndpointAllowAll(iface, now.overlayPorts())));
            }
        }
        for (String key : inputs.peers().takeChanged()) {
            Set<Ip> addresses = inputs.peers().get(key);
            peer(key, addresses == null ? Set.of() : addresses);
        }
        writeEndpoints(now.overlayPorts());
    }

    private void writeNetworks(NodeNetworks now) {
        List<PodNetwork> all = now.networks();
        List<Rule> last = new ArrayList<>();
        if (all.isEmpty()) {
            ruleset.remove(FlannelRules.FORWARD);
            opening.remove(FlannelRules.FORWARD);
            opening.remove(FORWARD);
        } else {
            ruleset.put(FlannelRules.forward(all));
            last.add(FlannelRules.forwardJump(all));
            opening.put(FlannelRules.forward(all));
            opening.put(FORWARD, new HookRules(List.of(), List.of(FlannelRules.forwardJump(all))));
        }
        last.add(WorkloadRules.acceptAccepted());
        ruleset.put(FORWARD, new HookRules(List.of(WorkloadRules.forwardJump()), last));
        if (all.isEmpty() || !now.masquerade()) {
            ruleset.remove(FlannelRules.MASQUERADE);
            ruleset.remove(POSTROUTING);
        } else {
            ruleset.put(FlannelRules.masquerade(all));
            ruleset.put(POSTROUTING, new HookRules(List.of(), List.of(FlannelRules.masqueradeJump(all))));
        }
    }

    private void peer(String key, Set<Ip> addresses) {
        Set<Ip> before = addresses.isEmpty() ? peers.remove(key) : peers.put(key, Set.copyOf(addresses));
        for (Ip address : addresses) {
            if (peerUses.merge(address, 1, Integer::sum) == 1) {
                ruleset.add(WorkloadRules.overlayPeers(address.family()), Member.of(address));
            }
        }
        for (Ip address : before == null ? Set.<Ip>of() : before) {
            Integer left = peerUses.merge(address, -1, Integer::sum);
            if (left != null && left == 0) {
                peerUses.remove(address);
                ruleset.remove(WorkloadRules.overlayPeers(address.family()), Member.of(address));
            }
        }
    }

    private void writeEndpoints(Collection<Integer> overlayPorts) {
        Set<String> now = inputs.endpoints().rows().keySet();
        List.copyOf(endpoints).stream().filter(iface -> !now.contains(iface)).forEach(iface -> {
            endpoints.remove(iface);
            ruleset.undispatch(WorkloadRules.FROM.name(), iface);
            ruleset.undispatch(WorkloadRules.TO.name(), iface);
            ruleset.remove(WorkloadRules.fromEndpoint(iface));
            ruleset.remove(WorkloadRules.toEndpoint(iface));
        });
        for (String iface : now) {
            if (endpoints.add(iface)) {
                ruleset.put(WorkloadRules.fromEndpointAllowAll(iface, overlayPorts));
                ruleset.put(WorkloadRules.toEndpointAllowAll(iface));
                ruleset.dispatch(WorkloadRules.FROM.name(), iface, WorkloadRules.fromEndpoint(iface));
                ruleset.dispatch(WorkloadRules.TO.name(), iface, WorkloadRules.toEndpoint(iface));
            }
        }
    }
}
