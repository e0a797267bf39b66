package io.canal.policy.calc;

import io.canal.policy.AddressSet;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A set that rules use. */
final class SetState {

    final SetKey key;
    /** The policies and profiles whose rules name it. */
    final Set<Active> users = new LinkedHashSet<>();
    /** How many of those that it selects bring blocks. */
    int blocks;
    boolean gone;
    /** What was told last; null before the first time. */
    @Nullable AddressSet told;
    /** Members that came (true) or went since they were told last. */
    final Map<Member, Boolean> pending = new LinkedHashMap<>();

    SetState(SetKey key) {
        this.key = key;
    }

    boolean selects(Item item) {
        return key.selector().isPresent() && key.selector().get().matches(item.labels);
    }

    /** What it is called now. */
    AddressSet now() {
        NamedSet.Kind kind = blocks > 0 && key.port().isEmpty() ? NamedSet.Kind.NET : key.firstKind();
        AddressSet before = told;
        return before != null && before.kind() == kind ? before : new AddressSet(key.id(), kind);
    }

    void joined(Member member) {
        note(member, true);
    }

    void left(Member member) {
        note(member, false);
    }

    private void note(Member member, boolean in) {
        // Two changes of one member are none: it was told of neither.
        if (pending.remove(member) == null) {
            pending.put(member, in);
        }
    }
}
