package io.canal.agent;

import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.LocalEndpoint;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Table;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tables that calculators read. They belong to the apply loop's thread. */
final class Tables {

    /** Other nodes' subnets; read by the network's calculator. */
    final Table<SubnetKey, LeaseValue> peers = new Table<>("peers");

    /** Other nodes' underlay addresses, by the subnet's key; read by the packet filter. */
    final Table<String, Set<Ip>> peerAddresses = new Table<>("peer-addresses");

    /** Pods on this node that may talk, by the host side's interface. */
    final Table<String, LocalEndpoint> endpoints = new Table<>("endpoints");

    /** How many peers' leases ask for a tunnel, and how many for a gateway. */
    private int vxlanPeers;
    private int hostGwPeers;
    private boolean knowsPeers;
    private volatile int peerCount;
    private volatile int endpointCount;

    /** After a pass: the counts, for any thread. */
    void count() {
        peerCount = peers.rows().size();
        endpointCount = endpoints.rows().size();
    }

    int peerCount() {
        return peerCount;
    }

    int endpointCount() {
        return endpointCount;
    }

    /** All peers that there are. */
    void replacePeers(Map<SubnetKey, LeaseValue> all) {
        Map<String, Set<Ip>> addresses = new HashMap<>();
        all.forEach((key, value) -> addresses.put(key.text(), addresses(value)));
        peers.replace(all);
        knowsPeers = true;
        vxlanPeers = 0;
        hostGwPeers = 0;
        all.values().forEach(value -> tally(value, 1));
        peerAddresses.replace(addresses);
    }

    void changePeer(SubnetKey key, Optional<LeaseValue> value) {
        Optional.ofNullable(peers.get(key)).ifPresent(before -> tally(before, -1));
        value.ifPresent(now -> tally(now, 1));
        if (value.isPresent()) {
            putPeer(key, value.get());
        } else {
            peers.remove(key);
            peerAddresses.remove(key.text());
        }
    }

    private void putPeer(SubnetKey key, LeaseValue value) {
        peers.put(key, value);
        peerAddresses.put(key.text(), addresses(value));
    }

    private void tally(LeaseValue value, int by) {
        if (value.backendType().equals(LeaseValue.VXLAN)) {
            vxlanPeers += by;
        } else if (value.backendType().equals(LeaseValue.HOST_GW)) {
            hostGwPeers += by;
        }
    }

    /** Whether all peers were told once, be there any or not; for the loop's thread. */
    boolean knowsPeers() {
        return knowsPeers;
    }

    /** Whether some peer's lease asks for a tunnel; for the loop's thread. */
    boolean hasVxlanPeers() {
        return vxlanPeers > 0;
    }

    /** Whether some peer's lease asks for a gateway; for the loop's thread. */
    boolean hasHostGwPeers() {
        return hostGwPeers > 0;
    }

    private static Set<Ip> addresses(LeaseValue value) {
        Set<Ip> addresses = new HashSet<>();
        value.publicAddress(Ip.Family.V4).ifPresent(addresses::add);
        value.publicAddress(Ip.Family.V6).ifPresent(addresses::add);
        return addresses;
    }
}
