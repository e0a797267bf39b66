package io.canal.policy.calc;

import io.canal.model.Cidr;
import io.canal.policy.Labelled;
import java.util.List;

/**
 * A pod's attachment as policies see it, on this node or another.
 *
 * @param interfaceName the host side's interface where the pod is on this node; else empty
 * @param spoofed sources that it may use beside its own addresses; empty for other nodes' pods
 */
public record Workload(Labelled labelled, String interfaceName, List<Cidr> spoofed) {

    public Workload {
        spoofed = List.copyOf(spoofed);
    }

    boolean isHere() {
        return !interfaceName.isEmpty();
    }
}
