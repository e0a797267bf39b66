package io.canal.files;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which versions of the CNI specification the conflist offers, given what its plugins speak.
 *
 * @param preferred {@code cniVersion}: what a runtime that knows only this key uses
 * @param common {@code cniVersions}: all that every plugin speaks, in order
 * @param chained the plugins that the conflist chains after canal's own, in order
 * @param notes what an operator should know of chained plugins, in sentences
 */
public record CniVersions(String preferred, List<String> common, List<String> chained, List<String> notes) {

    /** What canal's own plugin speaks, in order. */
    public static final List<String> OURS = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    // CHECK came with 0.4.0; an older version would hide our answers from the runtime. Runtimes before cniVersions know at most 1.0.0.
    private static final List<String> PREFERABLE = List.of("1.0.0", "0.4.0");

    // Every release of the reference plugins since 2019 speaks these.
    private static final Set<String> SURELY = Set.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0");

    // Pods whose rates are to be limited are rare; nobody misses the plugin on a node that never had it.
    private static final Set<String> OPTIONAL = Set.of(Conflist.BANDWIDTH);

    public CniVersions {
        common = List.copyOf(common);
        chained = List.copyOf(chained);
        notes = List.copyOf(notes);
    }

    /**
     * Chooses.
     *
     * @param spoken what each plugin speaks that may be chained
     * @param inUse what the conflist in use chains plugins with; a plugin that has not answered yet keeps it
     */
    public static CniVersions choose(Map<String, Spoken> spoken, Map<String, Set<String>> inUse) {
        List<String> common = OURS;
        List<String> chained = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (String plugin : Conflist.CHAINED) {
            String name = "The CNI plugin " + plugin;
            Set<String> theirs = switch (spoken.getOrDefault(plugin, new Spoken.Absent())) {
                case Spoken.Absent _ -> {
                    if (!OPTIONAL.contains(plugin)) {
                        notes.add(name + " is absent; the conflist does without it.");
                    }
                    yield Set.of();
                }
                case Spoken.Asking _ -> inUse.getOrDefault(plugin, SURELY);
                case Spoken.Silent _ -> {
                    notes.add(name + " did not answer VERSION; it stays in the conflist and is asked again.");
                    yield inUse.getOrDefault(plugin, SURELY);
                }
                case Spoken.Versions(Set<String> versions) -> {
                    if (!suffice(versions)) {
                        notes.add(name + " speaks only " + String.join(", ", versions.stream().sorted().toList())
                                + ", expected 0.4.0 or 1.0.0; the conflist does without it.");
                    }
                    yield versions;
                }
            };
            List<String> both = common.stream().filter(theirs::contains).toList();
            if (suffice(both)) {
                common = both;
                chained.add(plugin);
            } else if (suffice(theirs)) {
                notes.add(name + " has no version in common with those before it; the conflist does without it.");
            }
        }
        List<String> agreed = common;
        return new CniVersions(PREFERABLE.stream().filter(agreed::contains).findFirst().orElseThrow(), agreed, chained, notes);
    }

    /** Whether a plugin that speaks these can be chained. */
    static boolean suffice(Collection<String> versions) {
        return PREFERABLE.stream().anyMatch(versions::contains);
    }
}
