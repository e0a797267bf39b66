package io.canal.agent;

import io.canal.model.calico.KnownRules;
import io.canal.policy.selector.Selectors;
import java.util.HashMap;
import java.util.Map;

/** What the values of one listing have in common, so that equal parts are one object: there are many values, and few words. */
final class Shared {

    private final Map<Object, Object> ones = new HashMap<>();
    private final KnownRules rules = new KnownRules();
    private final Selectors selectors = new Selectors();

    /** The first that was equal. What is given must not change. */
    @SuppressWarnings("unchecked")
    <T> T one(T value) {
        Object before = ones.putIfAbsent(value, value);
        return before == null ? value : (T) before;
    }

    KnownRules rules() {
        return rules;
    }

    Selectors selectors() {
        return selectors;
    }
}
