package io.canal.lease;

import static io.canal.lease.World.DUAL;
import static io.canal.lease.World.KEYS;
import static io.canal.lease.World.MILLI;
import static io.canal.lease.World.NARROW;
import static io.canal.lease.World.SECOND;
import static io.canal.lease.World.V6_ONLY;
import static io.canal.lease.World.WIDE;

import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store.Entry;
import io.canal.store.Txn;
import java.util.List;

/** The story of an interleaving, which chance then varies. */
enum Scenario {
    CALM {
        @Override
        void play(World world) {
            world.anything(2);
        }
    },
    RESERVATION {
        @Override
        void play(World world) {
            world.put(KEYS.lease(SubnetKey.of("10.9.0.96-27")), LeaseValue.hostGw(World.ip(0)).text());
            world.anything(3);
        }
    },
    MIXED_LENGTHS {
        @Override
        void play(World world) {
            for (int i = 0; i < 3; i++) {
                world.at(world.random().nextLong(100 * MILLI), () -> world.put(KEYS.config(), world.random().nextBoolean() ? WIDE : NARROW));
            }
            world.at(world.random().nextLong(20 * SECOND), () -> world.put(KEYS.config(), world.random().nextBoolean() ? WIDE : NARROW));
            world.anything(1);
        }
    },
    DUAL_STACK {
        @Override
        String config() {
            return DUAL;
        }

        @Override
        void play(World world) {
            world.anything(2);
        }
    },
    TO_DUAL_STACK {
        @Override
        void play(World world) {
            world.at(world.random().nextLong(30 * SECOND), () -> world.put(KEYS.config(), DUAL));
            world.anything(2);
        }

        @Override
        String lastConfig() {
            return DUAL;
        }
    },
    IPV6_ONLY {
        @Override
        String config() {
            return V6_ONLY;
        }

        @Override
        boolean withFlanneld() {
            return false;
        }

        @Override
        void play(World world) {
            world.anything(2);
        }
    },
    CUT_OFF_PAST_TTL {
        @Override
        void play(World world) {
            SimulatedNode victim = world.nodes().getFirst();
            world.at(3 * SECOND + world.random().nextLong(5 * SECOND), () -> world.trace(victim, "cut off", () -> victim.cut(true)));
            world.at(36 * SECOND, world::newNode);
            world.at(37 * SECOND, world::newNode);
            if (world.random().nextBoolean()) {
                // A flanneld knows no holders; and the victim comes back without hearing of anything.
                for (int i = 0; i < 3; i++) {
                    world.at(33 * SECOND + world.random().nextLong(3 * SECOND), world::flanneld);
                }
                world.at(38 * SECOND + world.random().nextLong(5 * SECOND), () -> world.trace(victim, "back", () -> victim.cut(false)));
            }
            world.anything(1);
        }
    },
    SWAPPED_ADDRESSES {
        @Override
        void play(World world) {
            SimulatedNode a = world.nodes().get(0);
            SimulatedNode b = world.nodes().get(1);
            long at = 5 * SECOND + world.random().nextLong(10 * SECOND);
            world.at(at, () -> {
                a.powerOff();
                b.powerOff();
                Ip old = a.facts().publicIp();
                Ip other = b.facts().publicIp();
                world.trace(a, "swaps its address with " + b.name(), () -> {});
                world.at(world.now() + world.random().nextLong(SECOND), () -> a.boot(other));
                world.at(world.now() + world.random().nextLong(SECOND), () -> b.boot(old));
            });
            world.anything(1);
        }
    },
    CLONE {
        @Override
        void play(World world) {
            SimulatedNode original = world.nodes().getFirst();
            world.at(8 * SECOND + world.random().nextLong(10 * SECOND), () -> {
                if (original.up() && original.state().session().isPresent()) {
                    world.copyOf(original);
                }
            });
        }
    },
    LEASE_DELETED {
        @Override
        void play(World world) {
            for (int i = 0; i < 2; i++) {
                world.at(world.random().nextLong(44 * SECOND), () -> {
                    List<Entry> leases = world.kv().list(KEYS.leases()).entries();
                    if (!leases.isEmpty()) {
                        Entry victim = leases.get(world.random().nextInt(leases.size()));
                        world.trace(null, "deletes " + victim.key(), () -> world.commit(null, Txn.when().delete(victim.key())));
                    }
                });
            }
            world.anything(2);
        }
    },
    /** Some say whose they are still, others do not even that. */
    HOLDERS_DAMAGED {
        @Override
        void play(World world) {
            for (int i = 0; i < 2; i++) {
                world.at(world.random().nextLong(44 * SECOND), () -> {
                    List<Entry> holders = world.kv().list(NetworkKeys.HOLDERS).entries();
                    if (!holders.isEmpty()) {
                        Entry victim = holders.get(world.random().nextInt(holders.size()));
                        String text = world.random().nextBoolean() ? "damaged" : victim.value().replace("192.0.2.", "127.0.0.");
                        world.trace(null, "makes " + text + " of " + victim.key(), () -> world.put(victim.key(), text));
                    }
                });
            }
            world.anything(2);
        }
    },
    REPLACED_STORE {
        @Override
        boolean podsEverywhere() {
            return true;
        }

        @Override
        void play(World world) {
            world.at(15 * SECOND + world.random().nextLong(10 * SECOND), () -> {
                if (world.nodes().stream().allMatch(node -> node.used().isPresent())) {
                    world.trace(null, "puts an empty store in place", () -> {
                        world.kv().replace(2);
                        world.put(KEYS.config(), NARROW);
                        world.nodes().forEach(node -> node.on(new Event.Hint()));
                    });
                }
            });
            world.kills(2);
        }
    };

    abstract void play(World world);

    /** The network at the beginning. */
    String config() {
        return NARROW;
    }

    /** The network at the end. */
    String lastConfig() {
        return config();
    }

    /** Whether a real flanneld may be in it. */
    boolean withFlanneld() {
        return true;
    }

    boolean podsEverywhere() {
        return false;
    }
}
