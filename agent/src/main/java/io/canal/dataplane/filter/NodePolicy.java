package io.canal.dataplane.filter;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.policy.PolicyOutput;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import java.util.Collection;
import java.util.Map;

/** What the packet filter follows of policy. All is asked on the apply loop's thread, in every pass. */
public interface NodePolicy {

    /**
     * Takes up what has arrived, and says whether it is known what holds. Until then rules that are in the kernel stay as they are;
     * where there are none, pods are cut off.
     */
    boolean settle();

    /** Tells what has changed since the last time; only asked once that is known. */
    void flush(PolicyOutput output);

    /** The same object while nothing changes. */
    RuleSettings settings();

    /** The pools of pods' addresses, and whether what leaves each of them is masqueraded; the same object while nothing changes. */
    Map<Cidr, Boolean> pools();

    /** What of pods' endpoints becomes rules beside their policies, by interface. */
    Map<String, WorkloadTraits> traits();

    /** The node's own addresses; the same object while nothing changes. */
    Collection<Ip> hostAddresses();
}
