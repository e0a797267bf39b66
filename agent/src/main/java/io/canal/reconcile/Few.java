package io.canal.reconcile;

import java.util.ArrayList;
import java.util.List;

/** Names of what may be thousands, in a sentence. */
public final class Few {

    private static final int NAMED = 10;

    private Few() {}

    /** The first ten, and how many more there are: {@code a, b and 3 more}. */
    public static String of(List<String> names) {
        return names.size() <= NAMED ? String.join(", ", names) : String.join(", ", names.subList(0, NAMED)) + " and " + (names.size() - NAMED) + " more";
    }

    /** The first ten sentences of chains that the kernel does not take, and how many more there are. */
    public static List<String> refusedChains(List<String> sentences) {
        if (sentences.size() <= NAMED) {
            return List.copyOf(sentences);
        }
        List<String> few = new ArrayList<>(sentences.subList(0, NAMED));
        few.add("the kernel does not take " + (sentences.size() - NAMED) + " more chains");
        return few;
    }

    /** What is said of a set that the kernel does not take, and of the chains that drop all packets because of it. */
    public static String closedBySet(String reason, List<String> chains) {
        return "the kernel does not take a set: " + reason + (chains.isEmpty() ? "" : "; what looks it up drops all packets: " + of(chains));
    }
}
