package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.agent.Conditions.Weight;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {

    private final List<String> journal = new ArrayList<>();
    private final List<Runnable> looks = new ArrayList<>();
    private final Conditions conditions = new Conditions(() -> { }, (weight, sentence) -> journal.add(weight + " " + sentence),
            looks::add);

    @Test
    void the_journal_has_what_is_new_once() {
        conditions.set("network", Weight.NOTE, List.of("/coreos.com/network/config: it is no JSON."));
        conditions.set("network", Weight.NOTE, List.of("/coreos.com/network/config: it is no JSON.", "A lease cannot be read."));
        conditions.set("disk", Weight.BLOCKED, List.of("/var is full."));
        look();
        assertEquals(List.of("NOTE /coreos.com/network/config: it is no JSON.", "NOTE A lease cannot be read.", "BLOCKED /var is full."), journal);
        conditions.set("network", Weight.NOTE, List.of());
        conditions.set("network", Weight.NOTE, List.of("A lease cannot be read."));
        look();
        assertEquals(4, journal.size(), "what was over is new when it comes again");
    }

    @Test
    void what_only_counts_on_or_waits_is_not_new() {
        conditions.set("limits", Weight.NOTE, List.of("The table has 91 % of its entries."));
        look();
        conditions.set("limits", Weight.NOTE, List.of("The table has 92 % of its entries."));
        conditions.set("network", Weight.NOT_READY, List.of("etcd does not answer."));
        look();
        assertEquals(List.of("NOTE The table has 91 % of its entries."), journal);
    }

    @Test
    void what_has_another_number_in_its_name_is_another() {
        List<String> all = List.of("The lease at /coreos.com/network/subnets/10.1.7.0-24 is no JSON.", "The lease at /coreos.com/network/subnets/10.1.8.0-24 is no JSON.",
                "Policy deny-1 has no selector.", "Policy deny-2 has no selector.", "The kernel does not take chain cali-tw-cali12ab.",
                "The kernel does not take chain cali-tw-cali13ab.", "10.10.0.71 is used.", "10.10.0.72 is used.");
        for (int i = 1; i <= all.size(); i++) {
            conditions.set("network", Weight.NOTE, all.subList(0, i));
            look();
        }
        assertEquals(all.stream().map(sentence -> "NOTE " + sentence).toList(), journal);
    }

    @Test
    void what_is_over_within_a_moment_is_not_told() {
        conditions.set("network", Weight.NOTE, List.of("This node has no address."));
        conditions.set("network", Weight.NOTE, List.of());
        look();
        assertEquals(List.of(), journal);
    }

    @Test
    void what_counts_on_within_the_moment_is_told_as_it_is_then() {
        conditions.set("network", Weight.NOTE, List.of("There are 3 more keys."));
        conditions.set("network", Weight.NOTE, List.of("There are 5 more keys."));
        look();
        assertEquals(List.of("NOTE There are 5 more keys."), journal);
    }

    @Test
    void what_goes_and_comes_within_the_moment_is_told_once() {
        conditions.set("network", Weight.NOTE, List.of("This node has no address."));
        conditions.set("network", Weight.NOTE, List.of());
        conditions.set("network", Weight.NOTE, List.of("This node has no address."));
        look();
        assertEquals(List.of("NOTE This node has no address."), journal);
    }

    private void look() {
        looks.forEach(Runnable::run);
        looks.clear();
    }
}
