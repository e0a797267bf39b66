package io.canal.policy.rules;

import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chains of which only those are in the ruleset that something leads to, as only those are in Felix's tables. A chain is rendered
 * when it is first needed, once per change, by {@link #settle}.
 */
final class ChainPool {

    /** From so many chains on several threads make them. */
    private static final int MANY = 32;

    private final Ruleset ruleset;
    private final Map<ChainName, Supplier<? extends Chain>> known = new HashMap<>();
    /** How many rules, dispatch entries and hooks lead to a chain. */
    private final Map<ChainName, Integer> uses = new HashMap<>();
    private final Map<ChainName, Chain> placed = new HashMap<>();
    private final Set<ChainName> dirty = new HashSet<>();
    private final SortedMap<ChainName, String> failures = new TreeMap<>();

    ChainPool(Ruleset ruleset) {
        this.ruleset = ruleset;
    }

    /**
     * The chain as it is from now on.
     *
     * @param content changes nothing, and may be asked on any thread during {@link #settle}
     */
    void define(ChainName name, Supplier<? extends Chain> content) {
        known.put(name, content);
        dirty.add(name);
    }

    void undefine(ChainName name) {
        known.remove(name);
        dirty.add(name);
    }

    void use(ChainName name) {
        uses.merge(name, 1, Integer::sum);
        dirty.add(name);
    }

    void release(ChainName name) {
        Integer left = uses.merge(name, -1, Integer::sum);
        if (left != null && left <= 0) {
            uses.remove(name);
        }
        dirty.add(name);
    }

    /** Brings the ruleset to what was defined and used. */
    void settle() {
        while (!dirty.isEmpty()) {
            // Uses of a chain come and go while others are placed: what is left at the end counts.
            List<ChainName> batch = new ArrayList<>(dirty);
            dirty.clear();
            List<ChainName> used = batch.stream().filter(uses::containsKey).toList();
            (used.size() < MANY ? used.stream() : used.parallelStream()).map(this::make).toList().forEach(this::place);
            if (dirty.isEmpty()) {
                batch.stream().filter(name -> !uses.containsKey(name)).forEach(this::remove);
            } else {
                batch.stream().filter(name -> !uses.containsKey(name)).forEach(dirty::add);
            }
        }
    }

    private void place(Made made) {
        ChainName name = made.chain.name();
        Chain chain = made.chain;
        if (made.failure.isEmpty()) {
            failures.remove(name);
        } else {
            failures.put(name, made.failure);
        }
        Chain before = placed.put(name, chain);
        if (chain.equals(before)) {
            return;
        }
        ruleset.put(chain);
        Set<ChainName> now = targets(chain);
        Set<ChainName> old = targets(before);
        now.stream().filter(target -> !old.contains(target)).forEach(this::use);
        old.stream().filter(target -> !now.contains(target)).forEach(this::release);
    }

    private void remove(ChainName name) {
        Chain before = placed.remove(name);
        failures.remove(name);
        if (before != null) {
            ruleset.remove(name);
            targets(before).forEach(this::release);
        }
    }

    /** @param failure why its rules could not be made; empty where they were */
    private record Made(Chain chain, String failure) {}

    /** One whose rules cannot be made is closed, and is the only one. */
    private Made make(ChainName name) {
        Supplier<? extends Chain> content = known.get(name);
        try {
            return new Made(content == null ? unknown(name) : content.get(), "");
        } catch (RuntimeException defect) {
            return new Made(Chain.Rules.of(name, Rule.of(new Action.Drop()).comment("canal: the rules of this chain cannot be made")),
                    String.valueOf(defect.getMessage()));
        }
    }

    /** Chains whose rules could not be made, and why. */
    Map<ChainName, String> failures() {
        return failures;
    }

    /** Nobody should lead to a chain that is not known; if somebody does, it is closed. */
    private static Chain unknown(ChainName name) {
        return Chain.Rules.of(name, Rule.of(new Action.Drop()).comment("canal: nothing is known of this chain"));
    }

    private static Set<ChainName> targets(@Nullable Chain chain) {
        Set<ChainName> targets = new HashSet<>();
        List<Rule> rules = switch (chain) {
            case null -> List.of();
            case Chain.Rules plain -> plain.rules();
            case Chain.Dispatch dispatch -> dispatch.end();
        };
        for (Rule rule : rules) {
            if (rule.action() instanceof Action.Jump jump) {
                targets.add(jump.chain());
            } else if (rule.action() instanceof Action.Goto go) {
                targets.add(go.chain());
            }
        }
        return targets;
    }
}
