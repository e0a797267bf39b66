package io.canal.policy.selector;

import io.canal.model.Decoded;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Reads the selectors of many objects, and of equal texts only the first: policies of many namespaces say the same. Not thread-safe. */
public final class Selectors {

    private final Map<String, Selector> read = new HashMap<>();

    /** Whether this text was read, and is good. */
    public boolean knows(String text) {
        return text.isEmpty() || read.containsKey(text);
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
