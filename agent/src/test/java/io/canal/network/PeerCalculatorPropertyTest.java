package io.canal.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.reconcile.testing.Chance;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The desired state is a function of the present input: however the input came about, a calculator that saw only the end says the
 * same. Few subnets, MACs and addresses make most peers conflict with some other.
 */
class PeerCalculatorPropertyTest {

    private static final List<String> SUBNETS = List.of("10.1.0.0-22", "10.1.0.0-24", "10.1.1.0-24", "10.1.1.128-25", "10.1.2.0-24", "10.1.2.0-23",
            "10.1.3.0-24", "10.1.3.0-24&fd00:1::-64", "10.1.4.0-24", "10.1.5.0-24");

    @Test
    void history_does_not_matter() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            run(random, "seed " + seed + ", round " + round);
        }
    }

    private static void run(Random random, String replay) {
        Collected incremental = new Collected();
        Map<SubnetKey, LeaseValue> leases = new HashMap<>();
        LocalNetwork local = local(random);
        Map<Family, Mac> macs = Map.of();
        for (int step = 0; step < 40; step++) {
            switch (random.nextInt(8)) {
                case 0 -> local = local(random);
                case 1 -> macs = random.nextBoolean() ? Map.of() : Map.of(Family.V4, mac(random));
                case 2, 3 -> {
                    SubnetKey key = subnet(random);
                    leases.remove(key);
                    incremental.calculator.peer(key, Optional.empty());
                }
                default -> {
                    SubnetKey key = subnet(random);
                    LeaseValue lease = lease(random);
                    leases.put(key, lease);
                    incremental.calculator.peer(key, Optional.of(lease));
                }
            }
            incremental.calculator.local(local, macs);
            if (random.nextInt(3) > 0) {
                continue;
            }
            incremental.calculator.calculate();

            Collected fresh = new Collected();
            fresh.calculator.local(local, macs);
            List<SubnetKey> keys = new ArrayList<>(leases.keySet());
            Collections.shuffle(keys, random);
            for (SubnetKey key : keys) {
                fresh.calculator.peer(key, Optional.of(leases.get(key)));
                if (random.nextBoolean()) {
                    fresh.calculator.calculate();
                }
            }
            fresh.calculator.calculate();
            assertEquals(fresh.routes, incremental.routes, replay);
            assertEquals(fresh.neighbours, incremental.neighbours, replay);
            assertEquals(fresh.farEnds, incremental.farEnds, replay);
            assertEquals(fresh.calculator.problems(), incremental.calculator.problems(), replay);
            assertEquals(simple(local, macs, leases), incremental.routes, replay);
        }
    }

    /** The rule in its plainest words: in ascending order, each peer that can be reached and is not in the way of one before it. */
    private static Map<Cidr, Hop> simple(LocalNetwork local, Map<Family, Mac> macs, Map<SubnetKey, LeaseValue> leases) {
        Map<Cidr, Hop> routes = new HashMap<>();
        local.subnet().ifPresent(own -> own.cidrs().forEach(cidr -> routes.put(cidr, new Hop.Blackhole())));
        Map<Mac, Ip> taken = new HashMap<>();
        List<SubnetKey> carried = new ArrayList<>();
        for (SubnetKey key : leases.keySet().stream().sorted(PeerOrder.INSTANCE).toList()) {
            LeaseValue lease = leases.get(key);
            boolean tunnelled = lease.vtep().isPresent();
            Mac mac = lease.vtep().map(vtep -> vtep.mac()).orElse(null);
            boolean ok = (tunnelled || lease.backendType().equals("host-gw"))
                    && !lease.publicIp().equals(Ip.of("10.10.0.1"))
                    && local.subnet().filter(key::overlaps).isEmpty()
                    && carried.stream().noneMatch(key::overlaps)
                    && !(tunnelled && mac.equals(macs.get(Family.V4)))
                    && !(tunnelled && taken.containsKey(mac) && !taken.get(mac).equals(lease.publicIp()));
            if (ok) {
                carried.add(key);
                Cidr subnet = key.v4().orElseThrow();
                routes.put(subnet, tunnelled ? new Hop.Tunnelled(subnet.base()) : new Hop.Direct(lease.publicIp()));
                if (tunnelled) {
                    taken.put(mac, lease.publicIp());
                }
            }
        }
        return routes;
    }

    private static LocalNetwork local(Random random) {
        Optional<SubnetKey> own = random.nextInt(3) == 0 ? Optional.empty() : Optional.of(subnet(random));
        return new LocalNetwork(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN), own.map(key -> SubnetKey.of(key.v4().orElseThrow())),
                Uplink.of(2, "eth0", 1500, IpPrefix.of("10.10.0.1/24")), 0);
    }

    private static SubnetKey subnet(Random random) {
        return SubnetKey.of(SUBNETS.get(random.nextInt(SUBNETS.size())));
    }

    private static LeaseValue lease(Random random) {
        Ip publicIp = Ip.of("10.10.0." + (1 + random.nextInt(4)));
        return switch (random.nextInt(8)) {
            case 0 -> LeaseValue.hostGw(publicIp);
            case 1 -> new LeaseValue(publicIp, Optional.empty(), "udp", Optional.empty(), Optional.empty());
            default -> LeaseValue.vxlan(publicIp, 1, mac(random));
        };
    }

    private static Mac mac(Random random) {
        return new Mac(0x0200_0000_0000L + random.nextInt(4));
    }
}
