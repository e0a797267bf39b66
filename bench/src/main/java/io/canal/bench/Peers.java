package io.canal.bench;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;

/** Leases of nodes that do not exist, as a flanneld would write them. */
final class Peers {

    static final String NETWORK = "{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":24,\"SubnetMin\":\"10.200.0.0\",\"Backend\":{\"Type\":\"vxlan\"}}";
    private static final int AT_ONCE = 100;

    private final NetworkKeys keys = new NetworkKeys("/coreos.com/network");
    private final Store store;

    Peers(Store store) {
        this.store = store;
    }

    void configure() throws StoreException {
        store.commit(Txn.when().put(keys.config(), NETWORK, 0));
    }

    /** The subnet of peer {@code number}; outside what the node's own allocation may take. */
    static Cidr subnet(int number) {
        return Cidr.containing(Ip.of("10.0.0.0").plus(number * 256L), 24);
    }

    /** Puts the leases of peers {@code from} (inclusive) to {@code to} (exclusive), many at once. */
    void put(int from, int to) throws StoreException {
        move(from, to, 0);
    }

    /** Puts the lease of one peer. */
    void put(int number) throws StoreException {
        put(number, number + 1);
    }

    /** Gives peers {@code from} (inclusive) to {@code to} (exclusive) the addresses of their nth move. */
    void move(int from, int to, int move) throws StoreException {
        write(from, to, (txn, number) -> txn.put(key(number), value(number, move), 0));
    }

    /** Deletes the leases of peers {@code from} (inclusive) to {@code to} (exclusive). */
    void remove(int from, int to) throws StoreException {
        write(from, to, (txn, number) -> txn.delete(key(number)));
    }

    private interface Write {
        Txn of(Txn before, int number);
    }

    private void write(int from, int to, Write write) throws StoreException {
        for (int start = from; start < to; start += AT_ONCE) {
            Txn txn = Txn.when();
            for (int i = start; i < Math.min(to, start + AT_ONCE); i++) {
                txn = write.of(txn, i);
            }
            store.commit(txn);
        }
    }

    private String key(int number) {
        return keys.lease(SubnetKey.of(subnet(number)));
    }

    /** The underlay address of a peer after so many moves. */
    static Ip address(int number, int moves) {
        return Ip.of("172.16.0.0").plus(number + 1L + (moves << 16));
    }

    private static String value(int number, int moves) {
        return LeaseValue.vxlan(address(number, moves), 1, new Mac(0x0200_0000_0000L + number)).text();
    }
}
