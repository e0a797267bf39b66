package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Problem;
import java.util.List;

/**
 * A policy of Calico that was made from one of Kubernetes.
 *
 * @param policy kind, apiVersion, metadata with the name (and the namespace), and spec
 * @param notes what could not be converted; it opens nothing
 */
public record Converted(ObjectNode policy, List<Problem> notes) {

    public Converted {
        notes = List.copyOf(notes);
    }
}
