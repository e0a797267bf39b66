package io.canal.agent;

import io.canal.model.Backend;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.network.LocalNetwork;
import io.canal.reconcile.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The network as the kernel's stages see it while its nodes change from one backend to the other: tunnels stay while any lease asks
 * for one, and a little longer, as a peer may not know yet that the last did not. Asked on the apply loop's thread.
 */
final class BackendChange implements Supplier<Optional<LocalNetwork>> {

    /** By far longer than a change of a lease takes to be known to all. */
    private static final Duration LINGER = Duration.ofSeconds(10);

    private final Facts facts;
    private final Tables tables;
    private final NetworkMemory memory;
    private final Clock clock;
    /** What the tunnels were last like. */
    private Optional<Backend> tunnels = Optional.empty();
    /** Whether the agent before us left some, and the network does not name them. */
    private boolean left;
    private long neededAt;
    private boolean mixed;
    private long mixedAt;

    BackendChange(Facts facts, Tables tables, NetworkMemory memory, Clock clock) {
        this.facts = facts;
        this.tables = tables;
        this.memory = memory;
        this.clock = clock;
    }

    /**
     * This agent goes on where another one ended: what that kept for its peers' sake it may have kept only since a moment ago.
     *
     * @param tunnelsLeft whether there are tunnels of ours
     * @param mixedBefore whether the path filter was made loose
     */
    void resume(boolean tunnelsLeft, boolean mixedBefore) {
        long now = clock.nanos();
        left = tunnelsLeft;
        neededAt = now;
        mixed = mixedBefore;
        mixedAt = now;
    }

    @Override
    public Optional<LocalNetwork> get() {
        LocalFacts now = facts.inPass();
        Optional<LocalNetwork> local = now.localNetwork();
        if (local.isEmpty()) {
            return local;
        }
        Backend backend = local.get().config().backend();
        String own = now.own().value().map(LeaseValue::backendType).orElse(backend.type());
        if (backend.isVxlan()) {
            tunnels = Optional.of(backend);
            left = false;
            neededAt = clock.nanos();
            if (own.equals(LeaseValue.HOST_GW) || tables.hasHostGwPeers()) {
                mixedAt = clock.nanos();
                mixed = true;
            }
            mixed &= clock.nanos() - mixedAt <= LINGER.toNanos();
            return mixed ? local.map(network -> network.mixed(backend)) : local;
        }
        boolean needed = own.equals(LeaseValue.VXLAN) || tables.hasVxlanPeers();
        if (needed) {
            neededAt = clock.nanos();
        }
        if (clock.nanos() - neededAt > LINGER.toNanos()) {
            tunnels = Optional.empty();
            left = false;
        } else if (needed || left) {
            tunnels = Optional.of(tunnels.orElseGet(() -> before(local.get().config())));
        }
        return tunnels.isPresent() ? local.map(network -> network.mixed(tunnels.get())) : local;
    }

    /** After a restart of the agent: the identifier as the leases have it, and the last port. */
    private Backend before(NetworkConfig config) {
        Backend like = config.backend().withType(LeaseValue.VXLAN);
        Backend withPort = memory.port().map(like::withPort).orElse(like);
        return tables.peers.rows().values().stream()
                .flatMap(value -> value.vtep().or(value::vtepV6).stream()).findFirst()
                .map(vtep -> withPort.withVni(vtep.vni())).orElse(withPort);
    }
}
