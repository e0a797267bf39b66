package io.canal.ruleset.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Flannel's chains and jumps are byte-equal to flanneld's. */
class FlannelTextTest {

    private static final List<PodNetwork> DUAL = List.of(
            network("10.244.0.0/16", "10.244.70.0/24"), network("fd00:10:244::/56", "fd00:10:244:43::/64"));

    @Test
    void rules_of_both_families_are_those_of_flanneld() {
        assertEquals(Recorded.lines("flannel-v4.txt"), text(Family.V4, DUAL));
        assertEquals(Recorded.lines("flannel-v6.txt"), text(Family.V6, DUAL));
    }

    @Test
    void a_family_without_network_has_no_rule() {
        assertEquals(List.of(), text(Family.V6, DUAL.subList(0, 1)));
    }

    @Test
    void a_network_that_is_left_with_peers_only_keeps_sources_to_and_from_our_subnet() {
        List<PodNetwork> moved = List.of(network("10.1.0.0/16", "10.1.49.0/24"), new PodNetwork(Cidr.of("10.9.0.0/16"), Optional.empty()));
        assertEquals(List.of(
                "-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.1.49.0/24 -d 10.1.0.0/16 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.1.0.0/16 -d 10.1.49.0/24 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.1.49.0/24 -d 10.9.0.0/16 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.9.0.0/16 -d 10.1.49.0/24 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG ! -s 10.1.0.0/16 -d 10.1.49.0/24 -m comment --comment \"flanneld masq\" -j RETURN"),
                text(Family.V4, moved).subList(1, 7));
    }

    private static List<String> text(Family family, List<PodNetwork> networks) {
        IptablesRendering rendering = new IptablesRendering(family);
        List<String> lines = new ArrayList<>();
        HookRules postrouting = new HookRules(List.of(), List.of(FlannelRules.masqueradeJump(networks)));
        HookRules forward = new HookRules(List.of(), List.of(FlannelRules.forwardJump(networks)));
        rendering.last(new HookPoint(Layer.NAT, Hook.POSTROUTING), postrouting).forEach(line -> lines.add("-A POSTROUTING " + line));
        rendering.chains(FlannelRules.masquerade(networks), Map.of())
                .forEach((name, rules) -> rules.forEach(line -> lines.add("-A " + name.name() + " " + line)));
        rendering.last(new HookPoint(Layer.FILTER, Hook.FORWARD), forward).forEach(line -> lines.add("-A FORWARD " + line));
        rendering.chains(FlannelRules.forward(networks), Map.of())
                .forEach((name, rules) -> rules.forEach(line -> lines.add("-A " + name.name() + " " + line)));
        return lines;
    }

    private static PodNetwork network(String network, String own) {
        return new PodNetwork(Cidr.of(network), Optional.of(Cidr.of(own)));
    }
}
