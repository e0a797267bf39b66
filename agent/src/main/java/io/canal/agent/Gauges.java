package io.canal.agent;

import io.canal.cni.CniServer;
import java.util.function.BooleanSupplier;

/** What the agent's metrics measure where they are asked for. */
record Gauges(Tables tables, EtcdSide etcd, Facts facts, PolicyTables policy, CniServer cni) {

    /** Has them served. */
    void register(Metrics metrics, BooleanSupplier ready) {
        metrics.gauge("canal_ready", "Whether the node is ready.", () -> ready.getAsBoolean() ? 1 : 0);
        metrics.gauge("canal_peers", "Other nodes with a subnet.", tables::peerCount);
        metrics.gauge("canal_endpoints", "Pods on this node that may talk.", tables::endpointCount);
        metrics.gauge("canal_watch_alive", "Whether etcd is being watched.", () -> etcd.standing().watchAlive() ? 1 : 0);
        metrics.gauge("canal_in_sync", "Whether the whole network is known.", () -> etcd.standing().inSync() ? 1 : 0);
        metrics.gauge("canal_lease_confirmed_timestamp_seconds", "When etcd last confirmed this node's subnet.",
                () -> facts.latest().own().confirmedAt().map(at -> at.toEpochMilli() / 1000.0).orElse(0.0));
        metrics.gauge("canal_policies", "Policies in the cluster.", () -> policy.counts().policies());
        metrics.gauge("canal_active_policies", "Policies that are in force on this node.", () -> policy.counts().activePolicies());
        metrics.gauge("canal_policy_endpoints", "Endpoints of this node that policies apply to, its own interfaces among them.", () -> policy.counts().localEndpoints());
        metrics.gauge("canal_policy_sets", "Sets of addresses that rules use.", () -> policy.counts().sets());
        metrics.gauge("canal_labelled", "Endpoints and network sets of the cluster.", () -> policy.counts().labelled());
        metrics.gauge("canal_spooled_writes", "Writes that wait for etcd.", cni::waitingWrites);
    }
}
