package io.canal.dataplane.nft;

import io.canal.reconcile.Delta;
import io.canal.reconcile.Repair;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftSet;
import io.canal.ruleset.nft.Verdict;
import java.util.ArrayList;
import java.util.List;

/** What others did to our table, in words. */
final class NftRepairs {

    private static final String TABLE = "table inet " + NftTable.NAME;
    private static final Repair.Kind TABLES = new Repair.Kind("rules", "tables");
    private static final Repair.Kind CHAINS = new Repair.Kind("rules", "chains of " + TABLE);
    private static final Repair.Kind SETS = new Repair.Kind("rules", "sets of " + TABLE);
    private static final Repair.Kind ELEMENTS = new Repair.Kind("rules", "set elements of " + TABLE);

    private boolean table;

    /** The table was removed as a whole, and is there again. */
    void table() {
        table = true;
    }

    List<Repair> take(Delta<String, NftChain> chains, Delta<String, NftSet> sets, Delta<ElementKey, Verdict> elements) {
        List<Repair> repairs = new ArrayList<>();
        if (table) {
            table = false;
            repairs.add(Repair.removed(TABLES, TABLE));
        }
        repairs.addAll(chains.takeRepairs(CHAINS, name -> "chain " + name + " of " + TABLE, chain -> rules(chain.rules().size())));
        repairs.addAll(sets.takeRepairs(SETS, name -> "set " + name + " of " + TABLE, NftRepairs::type));
        repairs.addAll(elements.takeRepairs(ELEMENTS, key -> "an element of set " + key.set() + " of " + TABLE, NftRepairs::target));
        return repairs;
    }

    private static String rules(int count) {
        return count == 0 ? "no rule" : count == 1 ? "1 rule" : count + " rules";
    }

    private static String type(NftSet set) {
        return (set.verdicts() ? "a map" : "a set") + " of type " + set.keyType();
    }

    private static String target(Verdict verdict) {
        return verdict.chain().isEmpty() ? "no target" : "target " + verdict.chain();
    }
}
