package io.canal.ruleset;

import java.util.List;

/**
 * Our rules at a hook: {@code first} stand before all others in an iptables kernel chain, {@code last} were appended to it. In
 * nftables they are one base chain.
 *
 * @param idle whether no packet is changed or decided about by them: iptables has them nevertheless, as Felix does, and nftables
 *     spares itself the hook
 */
public record HookRules(List<Rule> first, List<Rule> last, boolean idle) {

    public HookRules(List<Rule> first, List<Rule> last) {
        this(first, last, false);
    }

    public HookRules {
        first = List.copyOf(first);
        last = List.copyOf(last);
    }
}
