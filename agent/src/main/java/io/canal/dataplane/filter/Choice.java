package io.canal.dataplane.filter;

import io.canal.kernel.iptables.IptablesBackend;
import java.util.Optional;
import java.util.Set;

/** Which dataplane should carry the rules: a pure decision. */
final class Choice {

    private Choice() {}

    /**
     * The dataplane that fits what is seen now.
     *
     * @param last the one that carried the rules last
     * @param installed the back ends of iptables whose programs are there
     */
    static FilterBackend of(FilterMode mode, Surroundings seen, Optional<FilterBackend> last, Set<IptablesBackend> installed) {
        return switch (mode) {
            case NFTABLES -> FilterBackend.NFTABLES;
            case IPTABLES -> iptables(seen, last, installed);
            case AUTO -> seen.kube().orElseGet(() -> seen.nftables() ? FilterBackend.NFTABLES : iptables(seen, last, installed));
        };
    }

    /** The dataplane to begin with: the last one, where the operator leaves it open; kube-proxy may only be late. */
    static FilterBackend first(FilterMode mode, Surroundings seen, Optional<FilterBackend> last, Set<IptablesBackend> installed) {
        boolean usable = last.isPresent()
                && (last.get().isIptables() ? installed.contains(last.get().iptables()) : seen.nftables());
        return mode == FilterMode.AUTO && usable ? last.get() : of(mode, seen, last, installed);
    }

    private static FilterBackend iptables(Surroundings seen, Optional<FilterBackend> last, Set<IptablesBackend> installed) {
        Optional<FilterBackend> kube = seen.kube().filter(FilterBackend::isIptables);
        if (kube.isPresent()) {
            return kube.get();
        }
        Optional<FilterBackend> before = last.filter(FilterBackend::isIptables).filter(backend -> installed.contains(backend.iptables()));
        return before.orElse(seen.nftables() && (installed.contains(IptablesBackend.NFT) || !installed.contains(IptablesBackend.LEGACY))
                ? FilterBackend.IPTABLES_NFT
                : FilterBackend.IPTABLES_LEGACY);
    }
}
