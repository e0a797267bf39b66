package io.canal.ruleset.nft;

import java.util.List;
import java.util.Optional;

/** A chain of our table, base chain or not, with its rules. A base chain's policy is accept. */
public record NftChain(String name, Optional<Base> base, List<NftRule> rules) {

    /**
     * Where a base chain is hooked.
     *
     * @param type {@code filter}, {@code nat} or {@code route}
     * @param hook {@code NF_INET_*}
     */
    public record Base(String type, int hook, int priority) {}

    public NftChain {
        rules = List.copyOf(rules);
    }
}
