package io.canal.reconcile;

import java.util.Map;

/**
 * The outcome of a pass.
 *
 * @param revision the last write that the pass saw; all earlier ones are included
 * @param failures by stage name, the sentence of each stage that failed; empty where all that the tables ask for is in place
 */
public record Applied(long revision, Map<String, String> failures) {

    public Applied {
        failures = Map.copyOf(failures);
    }

    public boolean clean() {
        return failures.isEmpty();
    }
}
