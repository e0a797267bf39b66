package io.canal.dataplane;

import io.canal.dataplane.link.Tunnels;
import io.canal.model.LeaseValue;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.network.LocalNetwork;
import io.canal.network.PeerCalculator;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Stage;
import io.canal.reconcile.Table;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Has what the peers ask for worked out, and handed to the stages that keep it. Runs after the tunnels are known and before those. */
final class NetworkStage implements Stage {

    private final PeerCalculator calculator;
    private final Table<SubnetKey, LeaseValue> peers;
    private final Supplier<Optional<LocalNetwork>> local;
    private final Tunnels tunnels;
    private volatile List<Problem> problems = List.of();

    NetworkStage(PeerCalculator calculator, Table<SubnetKey, LeaseValue> peers, Supplier<Optional<LocalNetwork>> local, Tunnels tunnels) {
        this.calculator = calculator;
        this.peers = peers;
        this.local = local;
        this.tunnels = tunnels;
    }

    @Override
    public String name() {
        return "network";
    }

    @Override
    public void run(Pass pass) {
        Set<SubnetKey> changed = peers.takeChanged();
        for (SubnetKey key : changed) {
            calculator.peer(key, Optional.ofNullable(peers.get(key)));
        }
        Optional<LocalNetwork> now = local.get();
        if (now.isEmpty()) {
            return;
        }
        boolean concerned = calculator.local(now.get(), tunnels.macs());
        if (concerned || !changed.isEmpty()) {
            calculator.calculate();
            problems = calculator.problems();
        }
    }

    /** What is wrong with peers. */
    List<Problem> problems() {
        return problems;
    }
}
