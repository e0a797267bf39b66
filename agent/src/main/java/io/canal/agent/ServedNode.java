package io.canal.agent;

import io.canal.cni.Node;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Applied;
import io.canal.reconcile.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** What the CNI server is told of this node. */
final class ServedNode implements Node {

    /** A start knows all within a second where etcd answers; a runtime that is refused comes back much later. */
    private static final Duration START = Duration.ofSeconds(2);
    private static final long LOOK_EVERY = TimeUnit.MILLISECONDS.toNanos(50);

    private final Facts facts;
    private final LongSupplier rulesUpTo;
    private final Clock clock;
    private final long begun;

    /** @param rulesUpTo the revision of the tables that the kernel's rules are of; behind the last pass while it is not known what pods may do */
    ServedNode(Facts facts, LongSupplier rulesUpTo, Clock clock) {
        this.facts = facts;
        this.rulesUpTo = rulesUpTo;
        this.clock = clock;
        this.begun = clock.nanos();
    }

    @Override
    public Attachable attachable() {
        LocalFacts now = facts.latest();
        OwnSubnet own = now.own();
        Optional<String> refusal = own.refusesPods(now.config().leaseTtl(), clock);
        if (refusal.isPresent()) {
            return new Attachable.No(Sources.sentence(refusal.get()));
        }
        return new Attachable.Yes(own.subnet().map(SubnetKey::cidrs).orElse(List.of()), own.generation());
    }

    @Override
    public void awaitStart() {
        while (clock.since(begun).compareTo(START) < 0 && !(rulesUpTo.getAsLong() > 0 && attachable() instanceof Attachable.Yes)
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(LOOK_EVERY);
        }
    }

    @Override
    public boolean isCutOff() {
        return switch (facts.latest().own().standing()) {
            case STOLEN, UNREADABLE, BLOCKED, LEFT -> true;
            case HELD, REMEMBERED, WAITING -> false;
        };
    }

    @Override
    public int mtu() {
        return facts.latest().mtu();
    }

    @Override
    public String nodename() {
        return facts.latest().nodename();
    }

    @Override
    public Optional<String> unprotected(Applied applied) {
        Optional<String> failure = Optional.ofNullable(applied.failures().get(PacketFilter.NAME)).or(() -> Optional.ofNullable(applied.failures().get("tables")));
        return failure.isEmpty() && rulesUpTo.getAsLong() < applied.revision() ? Optional.of("It is not known yet which policies hold.") : failure;
    }
}
