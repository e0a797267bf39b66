package io.canal.check;

import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Rules;
import io.canal.control.Finding;
import io.canal.dataplane.filter.RulesWitness;
import io.canal.model.Cidr;
import io.canal.model.SubnetKey;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The masquerade and forward rules, and what leads to them, against the network's blocks and this node's subnet. Pure. */
final class RuleExamination {

    private final Observation seen;
    private final Truth truth;
    private final List<Finding> problems = new ArrayList<>();

    private RuleExamination(Observation seen, Truth truth) {
        this.seen = seen;
        this.truth = truth;
    }

    static List<Finding> of(Observation seen, Truth truth) {
        RuleExamination examination = new RuleExamination(seen, truth);
        switch (seen.rules()) {
            case Rules.Unreadable _ -> {}
            case Rules.None() -> examination.none();
            case Rules.Seen(RulesWitness witness) -> examination.compare(witness);
        }
        return examination.problems;
    }

    /** The subnets that the rules take for this node's. */
    static Set<Cidr> own(RulesWitness witness) {
        Set<Cidr> own = new TreeSet<>();
        witness.networks().forEach(network -> network.own().ifPresent(own::add));
        return own;
    }

    private void none() {
        add("The masquerade and forward rules are missing.", "table inet canal, iptables chains FLANNEL-*", truth.isKnown() ? truth.words() : "rules", "nothing");
    }

    private void compare(RulesWitness witness) {
        String where = witness.dataplane();
        Set<Cidr> own = own(witness);
        boolean known = true;
        if (truth.isKnown() && !own.equals(new TreeSet<>(truth.subnets()))) {
            add("The masquerade rules are for another subnet than " + truth.source() + ".", where, truth.words(), Words.of(own));
            known = false;
        }
        Optional<List<PodNetwork>> asked = asked(witness);
        for (PodNetwork network : asked.orElse(List.of())) {
            if (witness.networks().stream().noneMatch(one -> one.network().equals(network.network()))) {
                add("Traffic from pods to the outside is not masqueraded.", where, "masquerade rules for " + network.network(),
                        Words.of(witness.networks().stream().map(PodNetwork::network).toList()));
                known = false;
            }
        }
        // What was named already is not named again for each chain: then the rules are compared with what they themselves say.
        List<PodNetwork> reference = known && asked.isPresent() || witness.networks().isEmpty() ? asked.orElse(List.of()) : witness.networks();
        if (!reference.isEmpty()) {
            witness.differing(reference, true).forEach(chain -> differs(where, chain));
        }
    }

    private void differs(String where, String chain) {
        if (chain.contains("FLANNEL-")) {
            add("The rules of the chain " + chain + " are not those that the network asks for.", where + ", " + chain, "flannel's rules for " + truth.words(), "other rules");
        } else {
            add("Nothing leads from " + chain + " to flannel's rules, or not as it should.", where + ", " + chain, "one rule that jumps there", "none, or another one");
        }
    }

    /** The configured networks, and those of the rules of which some node still has a subnet; empty where etcd does not say. */
    private Optional<List<PodNetwork>> asked(RulesWitness witness) {
        if (!(seen.etcd() instanceof Etcd.Seen etcd) || etcd.config().isEmpty() || !truth.isKnown()) {
            return Optional.empty();
        }
        List<Cidr> configured = etcd.config().get().networks();
        List<PodNetwork> asked = new ArrayList<>(configured.stream().map(this::network).toList());
        witness.networks().stream().map(PodNetwork::network)
                .filter(network -> !configured.contains(network) && isInUse(etcd, network))
                .map(this::network).forEach(asked::add);
        return Optional.of(asked);
    }

    private PodNetwork network(Cidr network) {
        return new PodNetwork(network, truth.subnets().stream().filter(subnet -> subnet.family() == network.family() && network.contains(subnet)).findFirst());
    }

    private static boolean isInUse(Etcd.Seen etcd, Cidr network) {
        return Stream.concat(etcd.leases().keySet().stream(), etcd.holders().keySet().stream()).map((SubnetKey key) -> key.cidr(network.family()))
                .flatMap(Optional::stream).anyMatch(network::contains);
    }

    private void add(String what, String where, String expected, String found) {
        problems.add(new Finding(what, where, expected, found, Remedy.byTheAgent(seen)));
    }
}
