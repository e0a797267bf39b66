package io.canal.kernel.nftables;

import java.util.List;
import java.util.Map;

/**
 * What is in a table.
 *
 * @param exists whether there is such a table; the rest is empty where not
 * @param elements by set
 */
public record NftablesDump(boolean exists, List<ChainDump> chains, List<RuleDump> rules, List<SetDump> sets,
        Map<String, List<NftablesBatch.Element>> elements) {

    /** A chain; the hook's type is empty for a chain that is not a base chain. */
    public record ChainDump(String name, NftablesBatch.Hook hook) {}

    /** A rule, in the order of its chain: the content of {@code NFTA_RULE_EXPRESSIONS}, and the comment, which may be empty. */
    public record RuleDump(String chain, byte[] expressions, String comment) {}

    public record SetDump(String name, int keyType, int keyLength, boolean interval, boolean verdicts) {}
}
