package io.canal.dataplane.filter;

import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.nftables.NftablesMonitor;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Looks at what others have in the packet filter when something has changed, and not more often than is needed. */
final class Lookout implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Clock clock;
    private final Consumer<Duration> wakeAfter;
    private @Nullable NftablesSocket nft;
    private @Nullable Surroundings seen;
    private Set<IptablesBackend> installed = Set.of();
    private long lookedAt;
    private volatile boolean due = true;
    private volatile boolean followsKubeTable;
    private volatile boolean followsKubeChains;

    /** @param wakeAfter asks for another pass */
    Lookout(Clock clock, Consumer<Duration> wakeAfter) {
        this.clock = clock;
        this.wakeAfter = wakeAfter;
    }

    /** Something may have changed; may be told on any thread. */
    void suspect() {
        due = true;
    }

    /** Whether this is news of a kube-proxy in another dataplane than the last look found; may be asked on any thread. */
    boolean isOtherKube(NftablesMonitor.Touched what) {
        return !followsKubeTable && (what.tables().stream().anyMatch(Foreign::isKubeTable)
                || !followsKubeChains && what.chains().stream().anyMatch(Foreign::isKubeChain));
    }

    /** What is there, as of a moment ago at the most, or of the last change. */
    Surroundings look() throws IOException {
        Surroundings known = seen;
        if (known != null && (!due || clock.since(lookedAt).compareTo(PAUSE) < 0)) {
            if (due) {
                wakeAfter.accept(PAUSE);
            }
            return known;
        }
        due = false;
        lookedAt = clock.nanos();
        Surroundings found = now();
        installed = EnumSet.allOf(IptablesBackend.class);
        installed.removeIf(backend -> !Iptables.installed(backend));
        followsKubeTable = found.kube().filter(backend -> backend == FilterBackend.NFTABLES).isPresent();
        followsKubeChains = found.kube().filter(backend -> backend == FilterBackend.IPTABLES_NFT).isPresent();
        seen = found;
        return found;
    }

    /** What is there at this moment. */
    Surroundings now() throws IOException {
        return Surroundings.look(nft());
    }

    /** After a change of our own. */
    Surroundings lookAnew() throws IOException {
        Surroundings found = now();
        seen = found;
        return found;
    }

    /** The back ends of iptables whose programs are there, as of the last look. */
    Set<IptablesBackend> installed() {
        return installed;
    }

    Optional<NftablesSocket> nft() {
        if (nft == null) {
            nft = NftablesSocket.answering().orElse(null);
        }
        return Optional.ofNullable(nft);
    }

    @Override
    public void close() {
        if (nft != null) {
            nft.close();
        }
    }
}
