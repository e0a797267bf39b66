package io.canal.ruleset.iptables;

import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A dispatch chain as a tree two levels deep, as Felix builds it: interfaces that share the character after the common beginning of
 * all have a chain of their own. Every chain ends with the rules for what it does not know.
 */
final class DispatchTree {

    private DispatchTree() {}

    /** The root first, then its children. */
    static List<Chain.Rules> chains(Chain.Dispatch dispatch, Map<String, ChainName> entries) {
        TreeMap<String, ChainName> sorted = new TreeMap<>(entries);
        int common = commonLength(sorted);
        TreeMap<String, TreeMap<String, ChainName>> bins = new TreeMap<>();
        sorted.forEach((iface, target) -> bins
                .computeIfAbsent(iface.substring(0, Math.min(iface.length(), common + 1)), bin -> new TreeMap<>())
                .put(iface, target));
        List<Rule> root = new ArrayList<>();
        List<Chain.Rules> children = new ArrayList<>();
        bins.forEach((beginning, bin) -> {
            if (bin.size() == 1) {
                root.add(entry(dispatch, bin.firstKey(), bin.firstEntry().getValue()));
                return;
            }
            ChainName child = new ChainName(dispatch.name().layer(), dispatch.name().name() + "-" + plain(beginning.substring(common)));
            root.add(Rule.of(new Action.Goto(child), new Match.Interface(dispatch.way(), beginning, true, false)));
            List<Rule> rules = new ArrayList<>();
            bin.forEach((iface, target) -> rules.add(entry(dispatch, iface, target)));
            rules.addAll(dispatch.end());
            children.add(new Chain.Rules(child, Rule.BOTH, rules));
        });
        root.addAll(dispatch.end());
        List<Chain.Rules> all = new ArrayList<>();
        all.add(new Chain.Rules(dispatch.name(), Rule.BOTH, root));
        all.addAll(children);
        return all;
    }

    /** A chain's name has no character but these; two hexadecimal digits stand for another one, and nothing else has two. */
    private static String plain(String character) {
        char c = character.charAt(0);
        boolean plain = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.';
        return plain ? character : HexFormat.of().toHexDigits((byte) c);
    }

    private static Rule entry(Chain.Dispatch dispatch, String iface, ChainName target) {
        return Rule.of(new Action.Goto(target), new Match.Interface(dispatch.way(), iface, false, false));
    }

    private static int commonLength(TreeMap<String, ChainName> sorted) {
        if (sorted.isEmpty()) {
            return 0;
        }
        String first = sorted.firstKey();
        String last = sorted.lastKey();
        int length = 0;
        while (length < first.length() && length < last.length() && first.charAt(length) == last.charAt(length)) {
            length++;
        }
        return length;
    }
}
