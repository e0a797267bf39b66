package io.canal.ruleset.tenants;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Masquerade and forward rules as flanneld 0.28.9 writes them into iptables, for any number of networks.
 *
 * <p>A packet between pods, or from outside to a pod of this node, keeps its source; one from a pod to anywhere else, or from the
 * host to a pod of another node, is masqueraded. A packet that kube-proxy has marked is left to kube-proxy. With one network the
 * rules are flanneld's; each further one adds its own, after the rules that keep sources of all.
 */
public final class FlannelRules {

    public static final ChainName MASQUERADE = ChainName.nat("FLANNEL-POSTRTG");
    public static final ChainName FORWARD = ChainName.filter("FLANNEL-FWD");
    static final String MASQUERADE_COMMENT = "flanneld masq";
    static final String FORWARD_COMMENT = "flanneld forward";

    /** The mark by which kube-proxy asks for its own masquerade. */
    private static final int KUBE_MASQUERADE = 0x4000;
    private static final Cidr MULTICAST_V4 = Cidr.of("224.0.0.0/4");
    private static final Cidr MULTICAST_V6 = Cidr.of("ff00::/8");

    private FlannelRules() {}

    public static Chain.Rules masquerade(List<PodNetwork> networks) {
        List<Rule> rules = new ArrayList<>();
        rules.add(masq(new Action.Return(), new Match.Mark(KUBE_MASQUERADE, KUBE_MASQUERADE, false)).only(families(networks)));
        for (PodNetwork mine : networks) {
            mine.own().ifPresent(own -> {
                networks.stream().map(PodNetwork::network).filter(network -> network.family() == own.family()).forEach(network -> {
                    rules.add(masq(new Action.Return(), from(own), to(network)));
                    rules.add(masq(new Action.Return(), from(network), to(own)));
                });
                rules.add(masq(new Action.Return(), notFrom(mine.network()), to(own)));
            });
        }
        for (PodNetwork one : networks) {
            Cidr network = one.network();
            Cidr multicast = network.isV4() ? MULTICAST_V4 : MULTICAST_V6;
            rules.add(masq(new Action.Masquerade(true), from(network), new Match.Net(Side.DESTINATION, multicast, true)).counted());
            rules.add(masq(new Action.Masquerade(true), notFrom(network), to(network)).counted());
        }
        return new Chain.Rules(MASQUERADE, families(networks), rules);
    }

    /** The rule of nat POSTROUTING that leads to the masquerade rules. */
    public static Rule masqueradeJump(List<PodNetwork> networks) {
        return masq(new Action.Jump(MASQUERADE)).only(families(networks));
    }

    public static Chain.Rules forward(List<PodNetwork> networks) {
        List<Rule> rules = new ArrayList<>();
        for (PodNetwork one : networks) {
            rules.add(fwd(new Action.Accept(), from(one.network())));
            rules.add(fwd(new Action.Accept(), to(one.network())));
        }
        return new Chain.Rules(FORWARD, families(networks), rules);
    }

    /** The rule of filter FORWARD that leads to the forward rules. */
    public static Rule forwardJump(List<PodNetwork> networks) {
        return fwd(new Action.Jump(FORWARD)).only(families(networks));
    }

    private static Set<Family> families(List<PodNetwork> networks) {
        Set<Family> families = new TreeSet<>();
        networks.forEach(one -> families.add(one.network().family()));
        if (families.isEmpty()) {
            throw new IllegalArgumentException("flannel's rules need a network");
        }
        return families;
    }

    private static Rule masq(Action action, Match... matches) {
        return Rule.of(action, matches).comment(MASQUERADE_COMMENT).signedByText();
    }

    private static Rule fwd(Action action, Match... matches) {
        return Rule.of(action, matches).comment(FORWARD_COMMENT).signedByText();
    }

    private static Match from(Cidr net) {
        return new Match.Net(Side.SOURCE, net, false);
    }

    private static Match notFrom(Cidr net) {
        return new Match.Net(Side.SOURCE, net, true);
    }

    private static Match to(Cidr net) {
        return new Match.Net(Side.DESTINATION, net, false);
    }
}
