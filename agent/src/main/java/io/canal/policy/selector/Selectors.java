package io.canal.policy.selector;

import io.canal.model.Decoded;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the selectors of many objects, and of equal texts only the first: policies of many namespaces say the same. Not thread-safe. */
public final class Selectors {

    /** So that what is all different does not take the room that what is equal spares. */
    private static final int MOST = 8_192;

    private final Map<String, Selector> read = new HashMap<>();
    private final Map<Object, Object> meanings = new HashMap<>();
    private final Set<Object> good = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Whether this text was read, and is good. */
    public boolean knows(String text) {
        return text.isEmpty() || read.containsKey(text);
    }

    /**
     * What was remembered of this; null where nothing was.
     *
     * @param what says all that its meaning depends on
     */
    @SuppressWarnings("unchecked")
    public <T> @Nullable T known(Object what) {
        return (T) meanings.get(what);
    }

    /** Remembers what this means; there are few, as policies of many namespaces say the same. */
    public void know(Object what, Object meaning) {
        if (meanings.size() < MOST) {
            meanings.put(what, meaning);
        }
    }

    /** Whether all selectors of this object were read, and are good. */
    public boolean isGood(Object rule) {
        return good.contains(rule);
    }

    /** All selectors of this object are good. */
    public void good(Object rule) {
        if (good.size() < MOST) {
            good.add(rule);
        }
    }

    /** As {@link Selector#parse(String, String, String)}. */
    public Decoded<Selector> parse(Supplier<String> where, String field, String text) {
        Selector before = read.get(text);
        if (before != null) {
            return Decoded.good(before);
        }
        Decoded<Selector> decoded = Selector.parse(where.get(), field, text);
        if (decoded instanceof Decoded.Good<Selector>(Selector selector)) {
            read.put(text, selector);
        }
        return decoded;
    }
}
