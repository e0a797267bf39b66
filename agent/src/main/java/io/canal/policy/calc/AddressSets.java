package io.canal.policy.calc;

import io.canal.model.Cidr;
import io.canal.policy.AddressSet;
import io.canal.policy.PolicyOutput;
import io.canal.ruleset.Member;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sets in use, and what of the whole cluster is in them.
 *
 * <p>No count is kept of who brings an address: that is looked up among the few things that have it. An address that two endpoints
 * share stays in a set until the last of them has left.
 */
final class AddressSets {

    private final LabelIndex<Item> items = new LabelIndex<>();
    private final Map<ItemKey, Item> byKey = new HashMap<>();
    /** Who has an address: an {@link Item}, or a list of them. */
    private final Map<Cidr, Object> holders = new HashMap<>();
    private final SelectorIndex<SetState> selectors = new SelectorIndex<>();
    private final Map<SetKey, SetState> sets = new HashMap<>();
    private final Set<SetState> touched = new LinkedHashSet<>();
    private final Set<SetState> unused = new LinkedHashSet<>();

    /** An endpoint or network set is so. */
    void put(Item item) {
        change(byKey.put(item.key, item), item);
    }

    void remove(ItemKey key) {
        change(byKey.remove(key), null);
    }

    private void change(@Nullable Item before, @Nullable Item now) {
        if (before != null) {
            items.remove(before, before.labels);
            before.addresses.forEach(address -> drop(address.net(), before));
        }
        if (now != null) {
            items.add(now, now.labels);
            now.addresses.forEach(address -> hold(address.net(), now));
            selectors.candidates(now.labels, set -> {
                if (set.selects(now)) {
                    now.sets.add(set);
                }
            });
        }
        List<SetState> left = before == null ? List.of() : before.sets;
        if (left.isEmpty() && (now == null || now.sets.isEmpty())) {
            return;
        }
        Set<SetState> entered = now == null ? Set.of() : new HashSet<>(now.sets);
        for (SetState set : left) {
            if (!set.gone && before != null) {
                leave(set, before, entered.contains(set) ? now : null);
            }
        }
        if (now != null) {
            Set<SetState> known = new HashSet<>(left);
            for (SetState set : now.sets) {
                enter(set, now, known.contains(set) ? before : null);
            }
        }
    }

    /** Takes out what {@code item} brought, unless {@code successor} or another brings it too. */
    private void leave(SetState set, Item item, @Nullable Item successor) {
        set.blocks -= item.hasBlock() ? 1 : 0;
        for (Member member : item.members(set)) {
            if ((successor == null || !successor.brings(set, member)) && !isBrought(set, member, item)) {
                set.left(member);
            }
        }
        touched.add(set);
    }

    /** Puts in what {@code item} brings, unless {@code predecessor} had brought it or another brings it already. */
    private void enter(SetState set, Item item, @Nullable Item predecessor) {
        set.blocks += item.hasBlock() ? 1 : 0;
        for (Member member : item.members(set)) {
            if ((predecessor == null || !predecessor.brings(set, member)) && !isBrought(set, member, item)) {
                set.joined(member);
            }
        }
        touched.add(set);
    }

    private boolean isBrought(SetState set, Member member, Item except) {
        Object holder = holders.get(member.net());
        if (holder instanceof Item item) {
            return item != except && item.brings(set, member);
        }
        return holder instanceof Holders several && several.items.stream().anyMatch(item -> item != except && item.brings(set, member));
    }

    /** A rule of {@code user} names the set. */
    void use(SetKey key, Active user) {
        SetState set = sets.get(key);
        if (set == null) {
            set = new SetState(key);
            sets.put(key, set);
            fill(set);
        }
        set.users.add(user);
        unused.remove(set);
    }

    /** No rule of {@code user} names the set any more. */
    void release(SetKey key, Active user) {
        SetState set = sets.get(key);
        if (set != null && set.users.remove(user) && set.users.isEmpty()) {
            unused.add(set);
        }
    }

    private void fill(SetState set) {
        touched.add(set);
        if (set.key.selector().isEmpty()) {
            return;
        }
        List<Requirement> requirements = Requirement.of(set.key.selector().get());
        selectors.add(set, requirements);
        for (Item item : items.candidates(requirements)) {
            if (set.selects(item)) {
                item.sets.removeIf(other -> other.gone);
                enter(set, item, null);
                item.sets.add(set);
            }
        }
    }

    /** What the set is called now; it must be in use. May be asked on several threads while nothing changes. */
    AddressSet named(SetKey key) {
        SetState set = sets.get(key);
        if (set == null) {
            throw new IllegalStateException("set " + key.id() + " is not in use");
        }
        return set.now();
    }

    /** Whose rules must be told anew, because a set that they name is called otherwise now. */
    Set<Active> renamed() {
        Set<Active> users = new LinkedHashSet<>();
        for (SetState set : touched) {
            if (set.told != null && !set.told.equals(set.now()) && !set.users.isEmpty()) {
                users.addAll(set.users);
            }
        }
        return users;
    }

    /** Tells what is new. What is gone is told by the second half, which this returns. */
    Runnable tell(PolicyOutput output) {
        List<Runnable> later = new ArrayList<>();
        unused.forEach(this::discard);
        for (SetState set : touched) {
            AddressSet told = set.told;
            if (set.gone) {
                // Those that it selected may hold it for long.
                set.pending.clear();
                if (told != null) {
                    later.add(() -> output.setGone(told));
                }
                continue;
            }
            AddressSet now = set.now();
            set.told = now;
            if (!now.equals(told)) {
                output.set(now);
                join(output, now, told == null ? came(set) : whole(set));
                if (told != null) {
                    later.add(() -> output.setGone(told));
                }
            } else if (!set.pending.isEmpty()) {
                join(output, now, came(set));
                List<Member> went = set.pending.entrySet().stream().filter(change -> !change.getValue()).map(Map.Entry::getKey).toList();
                if (!went.isEmpty()) {
                    later.add(() -> output.leave(now, went));
                }
            }
            set.pending.clear();
        }
        unused.clear();
        touched.clear();
        return () -> later.forEach(Runnable::run);
    }

    private void discard(SetState set) {
        set.gone = true;
        sets.remove(set.key);
        selectors.remove(set);
        touched.add(set);
    }

    private static void join(PolicyOutput output, AddressSet set, List<Member> members) {
        if (!members.isEmpty()) {
            output.join(set, members);
        }
    }

    private static List<Member> came(SetState set) {
        return set.pending.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).toList();
    }

    private List<Member> whole(SetState set) {
        Set<Member> members = new LinkedHashSet<>();
        set.key.selector().ifPresent(selector -> {
            for (Item item : items.candidates(Requirement.of(selector))) {
                if (item.sets.contains(set)) {
                    item.members(set).forEach(members::add);
                }
            }
        });
        return List.copyOf(members);
    }

    int size() {
        return sets.size();
    }

    int itemCount() {
        return byKey.size();
    }

    /** Several that have one address. */
    private record Holders(List<Item> items) {}

    private void hold(Cidr net, Item item) {
        holders.merge(net, item, (held, _) -> {
            if (held instanceof Holders several) {
                several.items.add(item);
                return several;
            }
            return new Holders(new ArrayList<>(List.of((Item) held, item)));
        });
    }

    private void drop(Cidr net, Item item) {
        holders.computeIfPresent(net, (_, held) -> {
            if (held instanceof Holders several) {
                several.items.removeIf(other -> other == item);
                return several.items.size() == 1 ? several.items.getFirst() : several;
            }
            return held == item ? null : held;
        });
    }
}
