package io.canal.policy;

import io.canal.ruleset.Member;
import java.util.Collection;

/**
 * Who takes what the calculation gives: the changes since the last call, in an order in which nothing names what is not there yet.
 *
 * <p>First sets and members that are new, then policies, profiles, endpoints; then what is gone, in reverse. What was told holds
 * until it is told anew or is gone; the same may be told again.
 */
public interface PolicyOutput {

    /** A new set, empty. */
    void set(AddressSet set);

    /** Members of both families are new in the set. */
    void join(AddressSet set, Collection<Member> members);

    /** Members of both families are no longer in the set. */
    void leave(AddressSet set, Collection<Member> members);

    void policy(ActivePolicy policy);

    void profile(ActiveProfile profile);

    void endpoint(EndpointPolicies endpoint);

    void endpointGone(EndpointId endpoint);

    void profileGone(String profile);

    void policyGone(PolicyId policy);

    void setGone(AddressSet set);
}
