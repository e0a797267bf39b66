package io.canal.files;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which versions of the CNI specification the conflist offers, given what its plugins speak.
 *
 * @param preferred {@code cniVersion}: what a runtime that knows only this key uses
 * @param common {@code cniVersions}: all that every plugin speaks, in order
 * @param leftOut chained plugins that cannot be used, in order
 * @param notes what an operator should know of chained plugins, in sentences
 */
public record CniVersions(String preferred, List<String> common, Set<String> leftOut, List<String> notes) {

    /** What canal's own plugin speaks, in order. */
    public static final List<String> OURS = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    // CHECK came with 0.4.0; an older version would hide our answers from the runtime. Runtimes before cniVersions know at most 1.0.0.
    private static final List<String> PREFERABLE = List.of("1.0.0", "0.4.0");

    // Every release of the reference plugins since 2019 speaks these.
    private static final Set<String> SURELY = Set.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0");

    public CniVersions {
        common = List.copyOf(common);
        leftOut = Set.copyOf(leftOut);
        notes = List.copyOf(notes);
    }

    /**
     * Chooses.
     *
     * @param chained what each chained plugin speaks
     * @param inUse what the conflist in use chains plugins with; a plugin that has not answered yet keeps it
     */
    public static CniVersions choose(Map<String, Spoken> chained, Map<String, Set<String>> inUse) {
        List<String> common = OURS;
        Set<String> leftOut = new HashSet<>();
        List<String> notes = new ArrayList<>();
        for (Map.Entry<String, Spoken> plugin : new TreeMap<>(chained).entrySet()) {
            String name = "The CNI plugin " + plugin.getKey();
            Set<String> spoken = switch (plugin.getValue()) {
                case Spoken.Absent _ -> {
                    notes.add(name + " is absent; the conflist does without it.");
                    yield Set.of();
                }
                case Spoken.Asking _ -> inUse.getOrDefault(plugin.getKey(), SURELY);
                case Spoken.Silent _ -> {
                    notes.add(name + " did not answer VERSION; it stays in the conflist and is asked again.");
                    yield inUse.getOrDefault(plugin.getKey(), SURELY);
                }
                case Spoken.Versions(Set<String> versions) -> {
                    if (!suffice(versions)) {
                        notes.add(name + " speaks only " + String.join(", ", versions.stream().sorted().toList())
                                + ", expected 0.4.0 or 1.0.0; the conflist does without it.");
                    }
                    yield versions;
                }
            };
            List<String> both = common.stream().filter(spoken::contains).toList();
            if (suffice(both)) {
                common = both;
            } else {
                leftOut.add(plugin.getKey());
            }
        }
        List<String> agreed = common;
        return new CniVersions(PREFERABLE.stream().filter(agreed::contains).findFirst().orElseThrow(), agreed, leftOut, notes);
    }

    /** Whether a plugin that speaks these can be chained. */
    static boolean suffice(Collection<String> versions) {
        return PREFERABLE.stream().anyMatch(versions::contains);
    }
}
