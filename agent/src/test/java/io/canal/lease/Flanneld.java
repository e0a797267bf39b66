package io.canal.lease;

import static io.canal.lease.World.KEYS;
import static io.canal.lease.World.SECOND;
import static io.canal.lease.World.TTL;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A real flanneld, as it behaves: it looks once, guards the very key that it creates and nothing else, and renews blindly. */
final class Flanneld {

    private final World world;
    private final boolean dual;
    private final LeaseValue value;
    private String key = "";

    Flanneld(World world, boolean dual) {
        this.world = world;
        this.dual = dual;
        int number = 40 + world.random().nextInt(5);
        this.value = new LeaseValue(World.ip(number), dual ? Optional.of(World.ipv6(number)) : Optional.empty(), LeaseValue.HOST_GW,
                Optional.empty(), Optional.empty());
    }

    void start() {
        world.kv().expire(world.now());
        List<SubnetKey> taken = world.kv().list(KEYS.leases()).entries().stream()
                .map(entry -> NetworkKeys.subnet(KEYS.leases(), entry.key()).orThrow()).toList();
        Optional<Cidr> v4 = free(taken, Ip.of("10.9.0.0"), 27);
        Optional<Cidr> v6 = dual ? free(taken, Ip.of("fd00:9::"), 59) : Optional.empty();
        if (v4.isEmpty() || dual && v6.isEmpty()) {
            return;
        }
        SubnetKey subnet = new SubnetKey(v4, v6);
        world.at(world.now() + world.latency(), () -> {
            Txn txn = Txn.when().absent(KEYS.lease(subnet)).put(KEYS.lease(subnet), value.text(), world.kv().grant(TTL, world.now()));
            if (world.commit(null, txn).orElseThrow().done()) {
                key = KEYS.lease(subnet);
                world.trace(null, "flanneld took " + subnet, () -> {});
                renewLater();
            }
        });
    }

    private Optional<Cidr> free(List<SubnetKey> taken, Ip first, int length) {
        List<Cidr> free = new ArrayList<>();
        Ip base = first;
        for (int i = 1; i < 8; i++) {
            base = new Cidr(base, length).last().plus(1);
            Cidr block = new Cidr(base, length);
            if (taken.stream().noneMatch(SubnetKey.of(block)::overlaps)) {
                free.add(block);
            }
        }
        return free.isEmpty() ? Optional.empty() : Optional.of(free.get(world.random().nextInt(free.size())));
    }

    /** With a plain put, whoever has the key by then. Sometimes it comes too late. */
    private void renewLater() {
        long pause = world.random().nextInt(4) == 0 ? TTL.toNanos() + world.random().nextLong(10 * SECOND) : TTL.toNanos() * 23 / 24;
        if (world.random().nextInt(3) == 0) {
            return;
        }
        world.at(world.now() + pause, () -> {
            if (world.healed()) {
                return;
            }
            world.commit(null, Txn.when().put(key, value.text(), world.kv().grant(TTL, world.now())));
            renewLater();
        });
    }
}
