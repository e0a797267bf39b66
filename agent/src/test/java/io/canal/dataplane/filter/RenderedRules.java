package io.canal.dataplane.filter;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.model.Ip.Family;
import io.canal.policy.testing.RenderedNode;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.nft.NftMachine;
import java.util.EnumMap;
import java.util.Map;

/** The rules of a node as if they had been read back from a kernel, in which none has counted anything. */
public final class RenderedRules {

    private RenderedRules() {}

    public static LiveRules nftables(RenderedNode node) {
        return LiveRules.of(new NftTable.Live(NftMachine.of(node.ruleset()), Map.of()), node.local());
    }

    public static LiveRules iptables(RenderedNode node) {
        Map<Family, IptablesMachine> machines = new EnumMap<>(Family.class);
        Map<Family, Iptables.Counted> saved = new EnumMap<>(Family.class);
        for (Family family : Family.values()) {
            machines.put(family, IptablesMachine.of(node.ruleset(), family));
            saved.put(family, new Iptables.Counted(Map.of(), Map.of()));
        }
        return LiveRules.of(IptablesBackend.NFT, machines, saved, node.local());
    }
}
