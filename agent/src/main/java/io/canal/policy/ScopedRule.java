package io.canal.policy;

import io.canal.model.Ip.Family;
import io.canal.model.calico.PolicyIcmp;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.RuleAction;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A rule of a policy or a profile, with its selectors read. All that is given must hold.
 *
 * @param family the only family that the rule is for, where it is for one only
 */
public record ScopedRule(
        RuleAction action,
        Optional<Family> family,
        Optional<PolicyProtocol> protocol,
        Optional<PolicyProtocol> notProtocol,
        Optional<PolicyIcmp> icmp,
        Optional<PolicyIcmp> notIcmp,
        ScopedEnd source,
        ScopedEnd destination,
        SortedMap<String, String> annotations) {}
