package io.canal.ruleset;

import java.util.List;

/**
 * Our rules at a hook: {@code first} stand before all others in an iptables kernel chain, {@code last} were appended to it. In
 * nftables they are one base chain.
 *
 * @param idle whether no packet is changed or decided about by them: iptables has them nevertheless, as Felix does, and nftables
 *     spares itself the hook
 * @param behind whether {@code first} too stand behind all others in an iptables kernel chain, {@code last} behind them
 */
public record HookRules(List<Rule> first, List<Rule> last, boolean idle, boolean behind) {

    public HookRules(List<Rule> first, List<Rule> last) {
        this(first, last, false);
    }

    public HookRules(List<Rule> first, List<Rule> last, boolean idle) {
        this(first, last, idle, false);
    }

    public HookRules {
        first = List.copyOf(first);
        last = List.copyOf(last);
    }
}
