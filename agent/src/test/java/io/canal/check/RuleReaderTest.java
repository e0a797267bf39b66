package io.canal.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.check.Observation.NetRule;
import io.canal.model.Cidr;
import io.canal.ruleset.Chain;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RuleReaderTest {

    private static final List<NetRule> FLANNELS = Node.rules("10.244.0.0/16", "10.244.96.0/24");

    @Test
    void reads_what_flanneld_wrote_into_iptables() {
        String saved = """
                *nat
                :FLANNEL-POSTRTG - [0:0]
                -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
                -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
                -A FLANNEL-POSTRTG -s 10.244.96.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
                -A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.96.0/24 -m comment --comment "flanneld masq" -j RETURN
                -A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.96.0/24 -m comment --comment "flanneld masq" -j RETURN
                -A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
                -A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
                COMMIT
                *filter
                -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
                -A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
                -A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
                COMMIT
                """;
        assertEquals(FLANNELS, RuleReader.iptables(saved));
    }

    @Test
    void reads_the_same_out_of_nf_tables() {
        List<PodNetwork> networks = List.of(new PodNetwork(Cidr.of("10.244.0.0/16"), Optional.of(Cidr.of("10.244.96.0/24"))));
        List<NetRule> read = new ArrayList<>();
        for (Chain chain : List.of(FlannelRules.masquerade(networks), FlannelRules.forward(networks))) {
            String name = NftRendering.chain(chain).name().replaceFirst("^[a-z]+-", "");
            for (NftRule rule : NftRendering.chain(chain).rules()) {
                RuleReader.nftRule(name, rule.expressions()).ifPresent(read::add);
            }
        }
        assertEquals(FLANNELS, read);
    }

    @Test
    void reads_networks_whose_length_is_not_a_multiple_of_eight() {
        List<PodNetwork> networks = List.of(new PodNetwork(Cidr.of("10.240.0.0/12"), Optional.of(Cidr.of("10.244.96.64/26"))));
        NftRule rule = NftRendering.chain(FlannelRules.masquerade(networks)).rules().get(1);
        NetRule read = RuleReader.nftRule("FLANNEL-POSTRTG", rule.expressions()).orElseThrow();
        assertEquals(Cidr.of("10.244.96.64/26"), read.source().orElseThrow().cidr());
        assertEquals(Cidr.of("10.240.0.0/12"), read.destination().orElseThrow().cidr());
    }
}
