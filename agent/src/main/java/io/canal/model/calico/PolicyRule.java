package io.canal.model.calico;

import io.canal.model.Ip.Family;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One rule of a policy or of a profile, of whatever kind. All that is given must hold.
 *
 * @param family the only family that the rule is for, where it is for one only
 * @param http whether the rule asks for HTTP methods or paths, which packet filters do not see: it is enforced as if it did not
 * @param annotations of the rule's metadata; they become comments
 */
public record PolicyRule(
        RuleAction action,
        Optional<Family> family,
        Optional<PolicyProtocol> protocol,
        Optional<PolicyProtocol> notProtocol,
        Optional<PolicyIcmp> icmp,
        Optional<PolicyIcmp> notIcmp,
        EntityRule source,
        EntityRule destination,
        boolean http,
        SortedMap<String, String> annotations) {

    public PolicyRule {
        annotations = annotations.isEmpty() ? Collections.emptySortedMap() : Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
    }

    /** A rule that matches all packets. */
    public static PolicyRule all(RuleAction action) {
        return new PolicyRule(action, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), EntityRule.ANY,
                EntityRule.ANY, false, Collections.emptySortedMap());
    }
}
