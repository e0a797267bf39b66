package io.canal.policy.rules;

import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.ActivePolicy;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import io.canal.ruleset.Action;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A policy as it was in force on this node at one moment, in one direction, and which packet-filter rules of its chains count for which
 * of its own rules. May be used on any thread.
 */
public final class CountedPolicy {

    private final ActivePolicy policy;
    private final boolean ingress;
    private final int endpoints;
    private final List<ChainName> chains;
    private final PolicyChains writer;
    private final Dialect dialect;

    CountedPolicy(ActivePolicy policy, boolean ingress, int endpoints, List<ChainName> chains, PolicyChains writer, Dialect dialect) {
        this.policy = policy;
        this.ingress = ingress;
        this.endpoints = endpoints;
        this.chains = List.copyOf(chains);
        this.writer = writer;
        this.dialect = dialect;
    }

    public PolicyId id() {
        return policy.id();
    }

    public String tier() {
        return policy.tier();
    }

    public boolean ingress() {
        return ingress;
    }

    /** How many endpoints of this node it governs in this direction. */
    public int endpoints() {
        return endpoints;
    }

    /** Its chains that are in the ruleset, of one layer each; none where it is only staged. */
    public List<ChainName> chains() {
        return chains;
    }

    /** What its rules do, in order. */
    public List<ResolvedRule.Verdict> actions() {
        return (ingress ? policy.ingress() : policy.egress()).stream().map(ResolvedRule::action).toList();
    }

    /**
     * What each of its rules has counted, of what the kernel says about one of its chains.
     *
     * @param families of which rules the kernel's chain consists
     * @param seen the count of each rule in the kernel's chain, where it has one
     * @return empty if the kernel's chain is not the one that belongs to this policy now
     */
    public Optional<List<PacketCount>> sums(ChainName chain, List<Family> families, List<Optional<PacketCount>> seen) {
        List<PacketCount> sums = new ArrayList<>(Collections.nCopies(actions().size(), PacketCount.NONE));
        int at = 0;
        int owner = 0;
        for (List<Rule> written : writer.byRule(chain.layer(), ingress, policy)) {
            for (Rule rule : dialect.of(written).toList()) {
                if (families.stream().noneMatch(rule::isFor)) {
                    continue;
                }
                if (at == seen.size()) {
                    return Optional.empty();
                }
                if (isCounting(rule)) {
                    if (seen.get(at).isEmpty()) {
                        return Optional.empty();
                    }
                    sums.set(owner, sums.get(owner).plus(seen.get(at).get()));
                }
                at++;
            }
            owner++;
        }
        return at == seen.size() ? Optional.of(sums) : Optional.empty();
    }

    /**
     * Which of the policy's rules a rule in one of its chains is, counted from 0; empty where it is only part of one, or drops what the
     * one before has marked.
     *
     * @param families of which rules the kernel's chain consists
     * @param place counted from 1
     */
    public OptionalInt owner(ChainName chain, List<Family> families, int place) {
        int at = 0;
        int owner = 0;
        for (List<Rule> written : writer.byRule(chain.layer(), ingress, policy)) {
            for (Rule rule : dialect.of(written).toList()) {
                if (families.stream().anyMatch(rule::isFor) && ++at == place) {
                    return isCounting(rule) ? OptionalInt.of(owner) : OptionalInt.empty();
                }
            }
            owner++;
        }
        return OptionalInt.empty();
    }

    /** A packet that is dropped was counted by the rule before, which marked it. */
    private static boolean isCounting(Rule rule) {
        return rule.counter() && !(rule.action() instanceof Action.Drop);
    }
}
