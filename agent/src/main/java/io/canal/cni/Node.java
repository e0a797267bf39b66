package io.canal.cni;

import io.canal.model.Cidr;
import io.canal.reconcile.Applied;
import java.util.List;
import java.util.Optional;

/** What the plugin's server must know of the node that it serves. Asked from many threads. */
public interface Node {

    /** Whether pods can be attached now, and with addresses of which subnets. */
    sealed interface Attachable {

        /**
         * Pods can be attached.
         *
         * @param subnets of our lease, at most one a family; the lease is the truth
         * @param generation changes whenever another lease takes the place of this one
         */
        record Yes(List<Cidr> subnets, long generation) implements Attachable {

            public Yes {
                subnets = List.copyOf(subnets);
            }
        }

        /**
         * No pod can be attached: there is no lease, it was stolen, or since this boot nobody confirmed it and the last
         * confirmation is older than its time to live.
         *
         * @param reason a sentence
         */
        record No(String reason) implements Attachable {}
    }

    Attachable attachable();

    /** Waits a moment, where the agent has just started, for what it needs to know before pods can be attached. */
    default void awaitStart() {}

    /** Where no pod can be attached: whether those that are may be cut off from others, because their addresses are not this node's any more. */
    boolean isCutOff();

    /** The MTU of pods' interfaces, where the configuration does not name one. */
    int mtu();

    /** The node's name in Calico's objects, where the configuration does not name one. */
    String nodename();

    /**
     * Why the rules that protect pods are not known to be in place after this pass; empty where they are. An attachment that waits
     * for its rules is then refused.
     */
    Optional<String> unprotected(Applied applied);
}
