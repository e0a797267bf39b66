package io.canal.agent;

import io.canal.model.calico.KnownRules;
import io.canal.policy.selector.Selectors;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the values of one listing have in common, so that equal parts are one object: there are many values, and few words. */
final class Shared {

    /** So many words; a power of two. */
    private static final int WORDS = 2048;

    private final Map<Object, Object> ones = new HashMap<>();
    private final @Nullable String[] words = new String[WORDS];
    private final KnownRules rules = new KnownRules();
    private final Selectors selectors = new Selectors();

    /** An equal word that was there not long before, if there was: most texts are there once, and none need be remembered for it. */
    String word(String text) {
        int place = text.hashCode() * 0x9e3779b9 >>> 21;
        String before = words[place];
        if (before != null && before.equals(text)) {
            return before;
        }
        words[place] = text;
        return text;
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
