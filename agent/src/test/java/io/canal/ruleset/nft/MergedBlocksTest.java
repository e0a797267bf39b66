package io.canal.ruleset.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.nft.MergedBlocks.Change;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergedBlocksTest {

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0/0", "10.1.0.0/28", "255.255.255.240/28", "fd00::/120", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120"})
    void what_changes_is_the_difference_of_all_blocks_merged_before_and_after(String net) {
        long seed = Chance.seed();
        Random random = new Random(seed);
        Cidr within = Cidr.of(net);
        MergedBlocks merged = new MergedBlocks();
        TreeSet<Cidr> blocks = new TreeSet<>();
        for (int i = 0; i < 5; i++) {
            blocks.add(block(random, within));
        }
        Set<Interval> intervals = new TreeSet<>(Comparator.comparing(Interval::first));
        intervals.addAll(merged.addFirst(blocks));
        for (int step = 0; step < 1_000; step++) {
            Cidr block = block(random, within);
            String when = "seed " + seed + ", step " + step + ", " + block;
            Change change;
            if (random.nextBoolean()) {
                blocks.add(block);
                change = merged.add(block);
            } else {
                Cidr there = blocks.isEmpty() || random.nextInt(4) == 0 ? block : blocks.stream().skip(random.nextInt(blocks.size())).findFirst().orElseThrow();
                blocks.remove(there);
                change = merged.remove(there);
            }
            change.gone().forEach(gone -> assertTrue(intervals.removeIf(gone::equals), when));
            change.come().forEach(come -> assertTrue(intervals.add(come), when));
            assertEquals(Intervals.merge(blocks), List.copyOf(intervals), when);
        }
    }

    private static Cidr block(Random random, Cidr within) {
        int bits = within.family().bits();
        if (within.length() == 0) {
            Ip any = new Ip(within.family(), within.isV4() ? 0 : random.nextLong(), within.isV4() ? random.nextInt() & 0xffff_ffffL : random.nextLong());
            return Cidr.containing(any, random.nextInt(bits + 1));
        }
        int free = bits - within.length();
        return Cidr.containing(within.at(random.nextInt(1 << free)), within.length() + random.nextInt(free + 1));
    }

    @Test
    void one_block_among_many_is_one_interval_that_comes_and_goes() {
        MergedBlocks merged = new MergedBlocks();
        for (int i = 0; i < 10_000; i++) {
            merged.add(Cidr.of("10." + i / 128 + "." + i % 128 * 2 + ".0/24"));
        }
        Interval one = new Interval(Ip.of("172.16.0.0"), Optional.of(Ip.of("172.16.0.16")));
        assertEquals(new Change(List.of(), List.of(one)), merged.add(Cidr.of("172.16.0.0/28")));
        assertEquals(new Change(List.of(one), List.of()), merged.remove(Cidr.of("172.16.0.0/28")));
        assertEquals(new Change(List.of(), List.of()), merged.remove(Cidr.of("172.16.0.0/28")));
    }
}
