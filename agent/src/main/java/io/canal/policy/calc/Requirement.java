package io.canal.policy.calc;

import io.canal.policy.selector.Restriction;
import io.canal.policy.selector.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a selector asks of a label at least.
 *
 * @param values one of them; empty: the label must be there, with any value
 */
record Requirement(String label, Set<String> values) {

    /** Of a selector; empty where it may select things without any label. */
    static List<Requirement> of(Selector selector) {
        Map<String, Restriction> restrictions = selector.restrictions();
        List<Requirement> requirements = new ArrayList<>(restrictions.size());
        for (Map.Entry<String, Restriction> each : restrictions.entrySet()) {
            if (each.getValue().mustBePresent()) {
                requirements.add(new Requirement(each.getKey(), each.getValue().values().orElse(Set.of())));
            }
        }
        return requirements;
    }
}
