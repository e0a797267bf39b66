package io.canal.files;

import java.util.Set;

/** Which versions of the CNI specification a chained plugin speaks, as far as it is known. */
public sealed interface Spoken {

    /** There is no such program. */
    record Absent() implements Spoken {}

    /** The program is there and is being asked; nothing is known of it yet. */
    record Asking() implements Spoken {}

    /** The program is there, was asked, and did not answer. Slow is not absent: it stays in the chain. */
    record Silent() implements Spoken {}

    /** What it answered now, or before where it is slow to answer again. */
    record Versions(Set<String> versions) implements Spoken {

        public Versions {
            versions = Set.copyOf(versions);
        }
    }
}
