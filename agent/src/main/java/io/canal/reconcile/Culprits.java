package io.canal.reconcile;

import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds which of several changes make the whole be refused, by halves, where whatever takes them says no more than no. */
public final class Culprits {

    /** Makes the changes. */
    public interface Attempt<K> {

        /**
         * Makes all changes but those of {@code held}, or none.
         *
         * @return why they are refused; empty where they are made
         * @throws IOException if it is not known what became of them
         */
        Optional<String> without(Set<K> held) throws IOException;
    }

    private Culprits() {}

    /**
     * Makes all changes that are taken.
     *
     * @return those that are refused, each with the reason; empty where all the others are refused too, so that it lies with none of these
     */
    public static <K> Optional<Map<K, String>> find(Collection<K> suspects, Attempt<K> attempt) throws IOException {
        Set<K> held = new HashSet<>(suspects);
        if (attempt.without(Set.copyOf(held)).isPresent()) {
            return Optional.empty();
        }
        Map<K, String> found = new LinkedHashMap<>();
        admit(List.copyOf(suspects), held, found, attempt);
        return Optional.of(found);
    }

    private static <K> void admit(List<K> part, Set<K> held, Map<K, String> found, Attempt<K> attempt) throws IOException {
        if (part.isEmpty()) {
            return;
        }
        part.forEach(held::remove);
        Optional<String> refusal = attempt.without(Set.copyOf(held));
        if (refusal.isEmpty()) {
            return;
        }
        held.addAll(part);
        if (part.size() == 1) {
            found.put(part.getFirst(), refusal.get());
            return;
        }
        int half = part.size() / 2;
        admit(part.subList(0, half), held, found, attempt);
        admit(part.subList(half, part.size()), held, found, attempt);
    }
}
