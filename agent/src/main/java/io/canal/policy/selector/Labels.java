package io.canal.policy.selector;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The labels of something that can be selected. */
@FunctionalInterface
public interface Labels {

    /** The label's value, or null where there is no such label. */
    @Nullable String get(String name);

    static Labels of(Map<String, String> labels) {
        return labels::get;
    }
}
