package io.canal.agent;

import io.canal.model.calico.KnownRules;
import io.canal.model.calico.KnownTexts;
import io.canal.policy.Labelled;
import io.canal.policy.selector.Selectors;
import java.util.HashMap;
import java.util.Map;

/** What the values of one listing have in common, so that equal parts are one object: there are many values, and few words. */
final class Shared {

    /** So that labels which are all different do not take the room that equal ones spare. */
    private static final int MOST = 4_096;

    private final Map<Object, Object> ones = new HashMap<>();
    private final Map<Written, Map<String, String>> labels = new HashMap<>();
    private final KnownTexts texts = new KnownTexts();
    private final KnownRules rules = new KnownRules();
    private final Selectors selectors = new Selectors();

    /** Labels as they are written of a pod, which many pods have: one and the same map, for to look at all of them takes longer than to make another. */
    private record Written(Map<String, String> labels, String namespace, String serviceAccount) {

        @Override
        @SuppressWarnings("ReferenceEquality")
        public boolean equals(Object other) {
            return other instanceof Written that && labels == that.labels && namespace.equals(that.namespace) && serviceAccount.equals(that.serviceAccount);
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(labels);
        }
    }

    /** See {@link KnownTexts#word}. */
    String word(String text) {
        return texts.word(text);
    }

    /** See {@link Labelled#labels}; the same for the same written labels. */
    Map<String, String> labels(Map<String, String> written, String namespace, String serviceAccount) {
        Written what = new Written(written, namespace, serviceAccount);
        Map<String, String> before = labels.get(what);
        if (before != null) {
            return before;
        }
        Map<String, String> now = Labelled.labels(written, namespace, serviceAccount);
        if (labels.size() < MOST) {
            labels.put(what, now);
        }
        return now;
    }

    KnownTexts texts() {
        return texts;
    }

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
