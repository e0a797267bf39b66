package io.canal.dataplane.filter;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.SavedTable;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Rule;
import io.canal.ruleset.iptables.FlannelText;
import io.canal.ruleset.iptables.IptablesRendering;
import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.FlannelExpressions;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.Verdict;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel's masquerade and forward rules say of the pod networks, read without the agent, in the calling thread's network
 * namespace.
 */
public final class RulesWitness {

    private static final HookPoint FORWARD = new HookPoint(Layer.FILTER, Hook.FORWARD);
    private static final HookPoint POSTROUTING = new HookPoint(Layer.NAT, Hook.POSTROUTING);
    private static final Map<ChainName, HookPoint> CHAINS = Map.of(FlannelRules.FORWARD, FORWARD, FlannelRules.MASQUERADE, POSTROUTING);

    private final String dataplane;
    private final List<PodNetwork> networks;
    private final Map<String, List<?>> chains;

    private RulesWitness(String dataplane, List<PodNetwork> networks, Map<String, List<?>> chains) {
        this.dataplane = dataplane;
        this.networks = List.copyOf(networks);
        this.chains = chains;
    }

    /** Reads the rules of the dataplane that has them; empty where none has. */
    public static Optional<RulesWitness> read() throws IOException {
        Optional<RulesWitness> table = readTable();
        if (table.isPresent()) {
            return table;
        }
        for (IptablesBackend backend : IptablesBackend.values()) {
            if (Iptables.installed(backend)) {
                Optional<RulesWitness> found = readIptables(backend);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    /** A witness of rules that are whole, as this dataplane would have them for these networks. */
    public static RulesWitness whole(String dataplane, List<PodNetwork> networks) {
        RulesWitness witness = new RulesWitness(dataplane, networks, new LinkedHashMap<>());
        witness.chains.putAll(witness.wanted(networks, true));
        return witness;
    }

    /** The same without one of its chains, by the name that {@link #differing} gives it. */
    public RulesWitness without(String chain) {
        Map<String, List<?>> rest = new LinkedHashMap<>(chains);
        rest.remove(chain);
        return new RulesWitness(dataplane, networks, rest);
    }

    /** {@code nftables}, {@code iptables-nft} or {@code iptables-legacy}. */
    public String dataplane() {
        return dataplane;
    }

    /** The networks that are masqueraded, each with the subnet that the rules take for this node's. */
    public List<PodNetwork> networks() {
        return networks;
    }

    /**
     * The chains whose rules are not exactly those that these networks ask for, such as {@code nat FLANNEL-POSTRTG}; of a kernel chain,
     * {@code nat POSTROUTING}, the rule that leads there counts.
     */
    public List<String> differing(List<PodNetwork> expected, boolean masquerade) {
        Map<String, List<?>> wanted = wanted(expected, masquerade);
        List<String> differing = new ArrayList<>();
        wanted.forEach((name, rules) -> {
            if (!rules.equals(chains.get(name))) {
                differing.add(name);
            }
        });
        chains.keySet().stream().filter(name -> !wanted.containsKey(name)).forEach(differing::add);
        return differing;
    }

    private Map<String, List<?>> wanted(List<PodNetwork> expected, boolean masquerade) {
        Map<String, List<?>> wanted = new LinkedHashMap<>();
        if (!expected.isEmpty()) {
            want(wanted, FlannelRules.forward(expected), FORWARD, FlannelRules.forwardJump(expected));
            if (masquerade) {
                want(wanted, FlannelRules.masquerade(expected), POSTROUTING, FlannelRules.masqueradeJump(expected));
            }
        }
        return wanted;
    }

    private void want(Map<String, List<?>> wanted, Chain.Rules chain, HookPoint hook, Rule jump) {
        HookRules hooked = new HookRules(List.of(), List.of(jump));
        if (dataplane.equals(FilterBackend.NFTABLES.text())) {
            wanted.put(chain.name().toString(), NftRendering.chain(chain).rules());
            wanted.put(hook.toString(), NftRendering.base(hook, hooked).rules());
            return;
        }
        for (Family family : Iptables.hasV6() ? Family.values() : new Family[] {Family.V4}) {
            IptablesRendering rendering = new IptablesRendering(family);
            rendering.chains(chain, Map.of()).forEach((name, lines) -> {
                wanted.put(key(name.toString(), family), lines);
                wanted.put(key(hook.toString(), family), rendering.last(hook, hooked));
            });
        }
    }

    private static Optional<RulesWitness> readTable() throws IOException {
        Optional<NftablesSocket> socket = NftablesSocket.answering();
        if (socket.isEmpty()) {
            return Optional.empty();
        }
        Map<String, NftChain> listed;
        try (NftTable table = new NftTable(socket.get())) {
            listed = table.listChains();
        }
        if (listed.isEmpty()) {
            return Optional.empty();
        }
        Map<String, List<?>> chains = new LinkedHashMap<>();
        List<PodNetwork> networks = List.of();
        for (Map.Entry<ChainName, HookPoint> each : CHAINS.entrySet()) {
            String name = NftRendering.name(each.getKey());
            NftChain chain = listed.get(name);
            if (chain != null) {
                chains.put(each.getKey().toString(), chain.rules());
                if (each.getKey().equals(FlannelRules.MASQUERADE)) {
                    networks = FlannelExpressions.networks(chain.rules());
                }
            }
            NftChain base = listed.get(NftRendering.name(each.getValue()));
            List<NftRule> jumps = base == null ? List.of() : base.rules().stream()
                    .filter(rule -> rule.expressions().contains(new Expression.Decide(Verdict.jump(name)))).toList();
            if (!jumps.isEmpty()) {
                chains.put(each.getValue().toString(), jumps);
            }
        }
        return chains.isEmpty() ? Optional.empty() : Optional.of(new RulesWitness(FilterBackend.NFTABLES.text(), networks, chains));
    }

    private static Optional<RulesWitness> readIptables(IptablesBackend backend) throws IOException {
        Map<String, List<?>> chains = new LinkedHashMap<>();
        List<PodNetwork> networks = new ArrayList<>();
        for (Family family : Iptables.hasV6() ? Family.values() : new Family[] {Family.V4}) {
            Map<String, SavedTable> tables = new Iptables(backend, family == Family.V6).save();
            CHAINS.forEach((name, hook) -> {
                SavedTable table = tables.get(name.layer().text());
                if (table == null) {
                    return;
                }
                if (table.policies().containsKey(name.name())) {
                    chains.put(key(name.toString(), family), table.rules(name.name()));
                    if (name.equals(FlannelRules.MASQUERADE)) {
                        networks.addAll(FlannelText.networks(table.rules(name.name())));
                    }
                }
                List<String> jumps = table.rules(hook.hook().name()).stream().filter(rule -> rule.endsWith("-j " + name.name())).toList();
                if (!jumps.isEmpty()) {
                    chains.put(key(hook.toString(), family), jumps);
                }
            });
        }
        return chains.isEmpty() ? Optional.empty() : Optional.of(new RulesWitness(backend.text(), networks, chains));
    }

    private static String key(String name, Family family) {
        return family == Family.V6 ? name + " (IPv6)" : name;
    }
}
