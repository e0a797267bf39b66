package io.canal.policy.selector;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What one label must be like for a selector to match: an index looks only at candidates that fulfil it.
 *
 * @param mustBePresent the label must be there
 * @param mustBeAbsent the label must not be there
 * @param values the label must have one of these, where there are any to say; then it must be there, too
 */
public record Restriction(boolean mustBePresent, boolean mustBeAbsent, Optional<Set<String>> values) {

    static Restriction present() {
        return new Restriction(true, false, Optional.empty());
    }

    static Restriction absent() {
        return new Restriction(false, true, Optional.empty());
    }

    static Restriction oneOf(Collection<String> values) {
        return new Restriction(true, false, Optional.of(Set.copyOf(values)));
    }

    /** Whether no label can be so. */
    public boolean isImpossible() {
        return mustBePresent && mustBeAbsent || values.filter(Set::isEmpty).isPresent();
    }

    private Restriction and(Restriction other) {
        Optional<Set<String>> both = values.isEmpty() ? other.values : other.values.isEmpty() ? values
                : Optional.of(values.get().stream().filter(other.values.get()::contains).collect(Collectors.toUnmodifiableSet()));
        return new Restriction(mustBePresent || other.mustBePresent, mustBeAbsent || other.mustBeAbsent, both);
    }

    private Restriction or(Restriction other) {
        Optional<Set<String>> either = values.isEmpty() || other.values.isEmpty() ? Optional.empty()
                : Optional.of(Stream.concat(values.get().stream(), other.values.get().stream()).collect(Collectors.toUnmodifiableSet()));
        return new Restriction(mustBePresent && other.mustBePresent, mustBeAbsent && other.mustBeAbsent, either);
    }

    /** Of what must all match. */
    static Map<String, Restriction> allOf(List<Map<String, Restriction>> parts) {
        Map<String, Restriction> all = new HashMap<>();
        parts.forEach(part -> part.forEach((label, restriction) -> all.merge(label, restriction, Restriction::and)));
        return Map.copyOf(all);
    }

    /** Of what one must match: only labels that all of them ask for. */
    static Map<String, Restriction> anyOf(List<Map<String, Restriction>> parts) {
        Map<String, Restriction> any = new HashMap<>();
        parts.getFirst().forEach((label, restriction) -> {
            Optional<Restriction> merged = Optional.of(restriction);
            for (Map<String, Restriction> part : parts.subList(1, parts.size())) {
                Optional<Restriction> other = Optional.ofNullable(part.get(label));
                merged = merged.flatMap(one -> other.map(one::or));
            }
            merged.filter(one -> one.mustBePresent || one.mustBeAbsent).ifPresent(one -> any.put(label, one));
        });
        return Map.copyOf(any);
    }
}
