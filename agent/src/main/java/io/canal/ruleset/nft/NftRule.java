package io.canal.ruleset.nft;

import java.util.List;

/** A rule: its expressions, and the comment that {@code nft list} shows, empty where there is none. */
public record NftRule(List<Expression> expressions, String comment) {

    public NftRule {
        expressions = List.copyOf(expressions);
    }
}
