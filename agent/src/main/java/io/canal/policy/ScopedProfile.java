package io.canal.policy;

import io.canal.model.calico.Direction;
import java.util.List;
import java.util.Map;

/** A profile with the selectors of its rules read. */
public record ScopedProfile(String name, Map<String, String> labelsToApply, List<ScopedRule> ingress, List<ScopedRule> egress) {

    public ScopedProfile {
        labelsToApply = Map.copyOf(labelsToApply);
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    public List<ScopedRule> rules(Direction direction) {
        return switch (direction) {
            case INGRESS -> ingress;
            case EGRESS -> egress;
        };
    }
}
