package io.canal.policy;

import io.canal.model.Cidr;
import java.util.List;

/** What holds for one endpoint of this node. */
public sealed interface EndpointPolicies {

    /** Which endpoint; no other of this node has the same. */
    EndpointId id();

    /** The tiers in order. */
    List<TierPolicies> tiers();

    /** Names of profiles, in order. */
    List<String> profiles();

    /**
     * A pod.
     *
     * @param spoofed the sources that it may use beside its own addresses
     */
    record Workload(EndpointId.Workload id, List<TierPolicies> tiers, List<String> profiles, List<Cidr> spoofed) implements EndpointPolicies {

        public Workload {
            tiers = List.copyOf(tiers);
            profiles = List.copyOf(profiles);
            spoofed = List.copyOf(spoofed);
        }
    }

    /**
     * An interface of the node itself, or all of them.
     *
     * @param tiers for what the node itself sends and gets
     * @param forward for what passes through the node: policies with applyOnForward
     * @param untracked policies with doNotTrack
     * @param preDnat policies with preDNAT; ingress only
     */
    record Host(
            EndpointId.Host id,
            List<TierPolicies> tiers,
            List<TierPolicies> forward,
            List<TierPolicies> untracked,
            List<TierPolicies> preDnat,
            List<String> profiles) implements EndpointPolicies {

        public Host {
            tiers = List.copyOf(tiers);
            forward = List.copyOf(forward);
            untracked = List.copyOf(untracked);
            preDnat = List.copyOf(preDnat);
            profiles = List.copyOf(profiles);
        }
    }
}
