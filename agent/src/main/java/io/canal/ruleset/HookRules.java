package io.canal.ruleset;

import java.util.List;

/**
 * Our rules at a hook: {@code first} stand before all others in an iptables kernel chain, {@code last} were appended to it. In
 * nftables they are one base chain.
 */
public record HookRules(List<Rule> first, List<Rule> last) {

    public HookRules {
        first = List.copyOf(first);
        last = List.copyOf(last);
    }
}
