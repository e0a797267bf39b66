package io.canal.model.calico;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the values of one listing have in common, so that it is read once and is one object: there are many values, and few words,
 * sets of labels and rules. Not thread-safe.
 */
public final class KnownTexts {

    /** So many words; a power of two. */
    private static final int WORDS = 2048;
    private static final int WORD_SHIFT = 32 - 11;
    private static final int SPREAD = 0x9e37_79b9;

    private final @Nullable String[] words = new String[WORDS];
    private final Passages<Map<String, String>> labels = new Passages<>();
    private final Passages<List<String>> lists = new Passages<>();
    private final Passages<PolicyRule> rules = new Passages<>();

    /** An equal word that was there not long before, if there was: most texts are there once, and none need be remembered for it. */
    public String word(String text) {
        int place = text.hashCode() * SPREAD >>> WORD_SHIFT;
        String before = words[place];
        if (before != null && before.equals(text)) {
            return before;
        }
        words[place] = text;
        return text;
    }

    /** The word that these letters of ASCII are, with its hash. */
    String text(byte[] letters, int from, int to, int hash) {
        int place = hash * SPREAD >>> WORD_SHIFT;
        String before = words[place];
        if (before != null && before.length() == to - from && before.hashCode() == hash && isThere(before, letters, from)) {
            return before;
        }
        String text = new String(letters, from, to - from, ISO_8859_1);
        words[place] = text;
        return text;
    }

    private static boolean isThere(String text, byte[] letters, int from) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) != letters[from + i]) {
                return false;
            }
        }
        return true;
    }

    Passages<Map<String, String>> labels() {
        return labels;
    }

    Passages<List<String>> lists() {
        return lists;
    }

    Passages<PolicyRule> rules() {
        return rules;
    }

    /** What parts of texts say, by the text of the part. */
    static final class Passages<T> {

        /** So that passages which are all different do not take the room that equal ones spare. */
        private static final int MOST = 4_096;

        private final Map<Integer, List<Passage<T>>> byHash = new HashMap<>();
        private int size;

        private record Passage<T>(byte[] text, T meaning) {}

        /** What this part says; null where it was not read before. */
        @Nullable T get(byte[] text, int from, int to, int hash) {
            List<Passage<T>> some = byHash.get(hash);
            if (some != null) {
                for (Passage<T> passage : some) {
                    if (Arrays.equals(passage.text, 0, passage.text.length, text, from, to)) {
                        return passage.meaning;
                    }
                }
            }
            return null;
        }

        void put(byte[] text, int from, int to, int hash, T meaning) {
            if (size < MOST) {
                size++;
                byHash.computeIfAbsent(hash, _ -> new ArrayList<>(1)).add(new Passage<>(Arrays.copyOfRange(text, from, to), meaning));
            }
        }
    }
}
