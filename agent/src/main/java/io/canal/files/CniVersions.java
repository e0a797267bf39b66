package io.canal.files;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which versions of the CNI specification the conflist offers, given what its plugins speak.
 *
 * @param preferred {@code cniVersion}: what a runtime that knows only this key uses
 * @param common {@code cniVersions}: all that every plugin speaks, in order
 * @param leftOut chained plugins that cannot be used, each with the reason in a sentence
 */
public record CniVersions(String preferred, List<String> common, Map<String, String> leftOut) {

    /** What canal's own plugin speaks, in order. */
    public static final List<String> OURS = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    // CHECK came with 0.4.0; an older version would hide our answers from the runtime. Runtimes before cniVersions know at most 1.0.0.
    private static final List<String> PREFERABLE = List.of("1.0.0", "0.4.0");

    public CniVersions {
        common = List.copyOf(common);
        leftOut = Map.copyOf(leftOut);
    }

    /**
     * Chooses.
     *
     * @param chained by plugin, what it answered to VERSION; empty where it is absent or did not answer
     */
    public static CniVersions choose(Map<String, Optional<Set<String>>> chained) {
        List<String> common = OURS;
        Map<String, String> leftOut = new TreeMap<>();
        for (Map.Entry<String, Optional<Set<String>>> plugin : new TreeMap<>(chained).entrySet()) {
            Optional<Set<String>> spoken = plugin.getValue();
            if (spoken.isEmpty()) {
                leftOut.put(plugin.getKey(), "The CNI plugin " + plugin.getKey() + " is absent; the conflist does without it.");
                continue;
            }
            List<String> both = common.stream().filter(spoken.get()::contains).toList();
            if (PREFERABLE.stream().noneMatch(both::contains)) {
                leftOut.put(plugin.getKey(), "The CNI plugin " + plugin.getKey() + " speaks only " + String.join(", ", spoken.get().stream().sorted().toList())
                        + ", expected 0.4.0 or 1.0.0; the conflist does without it.");
                continue;
            }
            common = both;
        }
        List<String> agreed = common;
        return new CniVersions(PREFERABLE.stream().filter(agreed::contains).findFirst().orElseThrow(), agreed, leftOut);
    }
}
