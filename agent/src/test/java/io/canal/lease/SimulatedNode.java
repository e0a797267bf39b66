package io.canal.lease;

import io.canal.lease.Transition.Step;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A machine with an agent: what it is, what its disk and its kernel remember, and the agent's state while it runs. */
final class SimulatedNode {

    /** The simulated networks have no tunnels. */
    private static final Mac MAC = new Mac(1);

    private final World world;
    private final String name;
    private final Set<Ip> everAddress = new HashSet<>();
    private final Ip ipv6;
    private String leaseKey = "";
    private String holderKey = "";
    private NodeFacts facts;
    private Optional<Remembered> disk = Optional.empty();
    /** What the kernel routes to pods, whether or not the agent lives. */
    private Optional<SubnetKey> used = Optional.empty();
    private Optional<SubnetKey> everUsed = Optional.empty();
    private KeeperState state;
    private Snapshot before;
    private boolean up;
    private boolean cut;
    private boolean gone;
    private int life;
    private int boots;
    private long dueAt = Long.MAX_VALUE;

    /** @param number says which addresses it has, of both families */
    SimulatedNode(World world, String name, String nodeId, int number, boolean pods) {
        this.world = world;
        this.name = name;
        Ip ip = World.ip(number);
        this.ipv6 = World.ipv6(number);
        this.facts = new NodeFacts(nodeId, name + ".0", name, name, ip, Optional.of(ipv6), MAC, Optional.of(MAC), pods, true);
        everAddress.add(ip);
    }

    // Life.

    void start() {
        if (up || gone) {
            return;
        }
        up = true;
        life++;
        state = KeeperState.initial(disk, world.now());
        before = null;
        dueAt = Long.MAX_VALUE;
        on(new Event.Facts(facts));
    }

    /** kill -9 of the agent: pods and routes live on. */
    void kill() {
        up = false;
        life++;
    }

    /** Power off: pods and routes are gone; the disk stays. */
    void powerOff() {
        kill();
        used = Optional.empty();
    }

    void boot(Ip ip) {
        powerOff();
        boots++;
        everAddress.add(ip);
        facts = facts.withBoot(name + "." + boots).withPublicIp(ip);
        start();
    }

    /** Never seen again. */
    void vanish() {
        powerOff();
        gone = true;
    }

    void readdress(Ip ip) {
        everAddress.add(ip);
        facts = facts.withPublicIp(ip);
        if (up) {
            on(new Event.Facts(facts));
        }
    }

    void cut(boolean now) {
        cut = now;
    }

    // What it does.

    void on(Event event) {
        if (!up) {
            return;
        }
        Step step = world.transition().on(state, event, world.now(), world.time(), world.random());
        state = step.state();
        disk = state.toRemember().or(() -> disk);
        Optional<SubnetKey> uses = state.subnet();
        if (uses.isPresent() && !uses.equals(used)) {
            used = uses;
            leaseKey = World.KEYS.lease(used.get());
            holderKey = NetworkKeys.holder(used.get());
            world.trace(this, "uses " + used.get(), () -> {});
            world.invariants().checkUse(this);
            if (facts.podsUseSubnet() && everUsed.isPresent() && !keeps(everUsed.get(), used.get())) {
                world.violated(name + " moved from " + everUsed.get() + " to " + used.get() + " under its pods");
            }
            everUsed = used;
        }
        for (Command command : step.commands()) {
            world.carryOut(this, life, command);
        }
        long wake = state.wakeAt();
        if (wake < dueAt) {
            dueAt = wake;
            int of = life;
            world.at(wake, () -> {
                if (life == of && world.now() >= dueAt) {
                    dueAt = Long.MAX_VALUE;
                    on(new Event.Due());
                    rearm();
                }
            });
        }
    }

    /** Whether pods with addresses of the one have them in the other: a second family may come. */
    private static boolean keeps(SubnetKey before, SubnetKey now) {
        return (before.v4().isEmpty() || before.v4().equals(now.v4())) && (before.v6().isEmpty() || before.v6().equals(now.v6()));
    }

    private void rearm() {
        long wake = state.wakeAt();
        if (up && dueAt == Long.MAX_VALUE && wake != Long.MAX_VALUE && wake <= world.now()) {
            world.violated(name + " wants to be woken at once for ever");
        }
    }

    /** An answer that belongs to this life. */
    void answer(int of, Event event) {
        if (life == of) {
            on(event);
        }
    }

    Snapshot remembered(Snapshot fresh, boolean stale) {
        Snapshot told = stale && before != null
                ? new Snapshot(fresh.config(), before.leases(), before.holders(), fresh.sessions(), fresh.epochRevision(), fresh.epoch())
                : fresh;
        before = fresh;
        return told;
    }

    // What it is.

    String name() {
        return name;
    }

    NodeFacts facts() {
        return facts;
    }

    KeeperState state() {
        return state;
    }

    boolean up() {
        return up;
    }

    boolean cut() {
        return cut;
    }

    boolean gone() {
        return gone;
    }

    Optional<SubnetKey> used() {
        return used;
    }

    boolean isMine(LeaseValue value) {
        return value.publicIp().equals(LeaseValue.NO_V4) ? value.publicIpv6().equals(Optional.of(ipv6)) : everAddress.contains(value.publicIp());
    }

    /** Whether it is the key of the lease or the holder of the subnet in use. */
    boolean isOwnKey(String key) {
        return key.equals(leaseKey) || key.equals(holderKey);
    }

    boolean holds(String subnetText) {
        return used.filter(subnet -> subnet.text().equals(subnetText)).isPresent();
    }

    List<String> problems() {
        return state == null ? List.of() : state.problems();
    }

    @Override
    public String toString() {
        return name + (up ? " up " : " down ") + (state == null ? "" : state.standing()) + " uses " + used + " " + problems();
    }
}
