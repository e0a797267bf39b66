package io.canal.ruleset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.Outcome.End;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.nft.NftMachine;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.tenants.FlannelRules;
import io.canal.ruleset.tenants.PodNetwork;
import io.canal.ruleset.testing.WorkloadRules;
import io.canal.ruleset.testing.Samples;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is rendered for nftables and what is rendered for iptables give the same verdict on the same packet. */
class InterpretersAgreeTest {

    private static final int PACKETS = 20_000;
    private static final HookPoint FORWARD = new HookPoint(Layer.FILTER, Hook.FORWARD);
    private static final HookPoint INPUT = new HookPoint(Layer.FILTER, Hook.INPUT);
    private static final HookPoint POSTROUTING = new HookPoint(Layer.NAT, Hook.POSTROUTING);
    private static final HookPoint PREROUTING = new HookPoint(Layer.RAW, Hook.PREROUTING);

    /** Replay with -Dcanal.seed=N. */
    private final long seed = Chance.seed();
    private final Random random = new Random(seed);

    private static Ruleset tenants() {
        Ruleset ruleset = new Ruleset();
        List<PodNetwork> networks = List.of(
                new PodNetwork(Cidr.of("10.1.0.0/16"), Optional.of(Cidr.of("10.1.49.0/24"))),
                new PodNetwork(Cidr.of("fd00:1::/56"), Optional.of(Cidr.of("fd00:1:0:49::/64"))),
                new PodNetwork(Cidr.of("10.9.0.0/17"), Optional.empty()));
        List<Integer> ports = List.of(8472);
        for (Family family : Family.values()) {
            ruleset.put(WorkloadRules.overlayPeers(family));
        }
        ruleset.add(WorkloadRules.overlayPeers(Family.V4), Member.of(Ip.of("192.0.2.2")));
        ruleset.add(WorkloadRules.overlayPeers(Family.V6), Member.of(Ip.of("fd00:2::2")));
        List.of(WorkloadRules.FROM, WorkloadRules.TO, WorkloadRules.toHost(), WorkloadRules.forward(ports), WorkloadRules.input(ports),
                FlannelRules.forward(networks), FlannelRules.masquerade(networks)).forEach(ruleset::put);
        for (String iface : List.of("cali1", "cali12", "cali2")) {
            ruleset.put(WorkloadRules.fromEndpointAllowAll(iface, ports));
            ruleset.put(WorkloadRules.toEndpointAllowAll(iface));
            ruleset.dispatch(WorkloadRules.FROM.name(), iface, WorkloadRules.fromEndpoint(iface));
            ruleset.dispatch(WorkloadRules.TO.name(), iface, WorkloadRules.toEndpoint(iface));
        }
        ruleset.put(INPUT, new HookRules(List.of(WorkloadRules.inputJump()), List.of()));
        ruleset.put(FORWARD, new HookRules(List.of(WorkloadRules.forwardJump()),
                List.of(FlannelRules.forwardJump(networks), WorkloadRules.acceptAccepted())));
        ruleset.put(POSTROUTING, new HookRules(List.of(), List.of(FlannelRules.masqueradeJump(networks))));
        return ruleset;
    }

    @Test
    void on_the_rules_of_the_tenants() {
        Map<End, Integer> ends = agree(tenants());
        for (End end : List.of(End.ACCEPTED, End.DROPPED, End.MASQUERADED)) {
            assertTrue(ends.getOrDefault(end, 0) > PACKETS / 50, () -> "too few packets end so: " + ends);
        }
    }

    @Test
    void on_every_match_and_action() {
        agree(Samples.everyMatchAndAction());
    }

    @Test
    void each_match_alone() {
        Ruleset every = Samples.everyMatchAndAction();
        for (Rule rule : ((Chain.Rules) every.chain(Samples.EVERYTHING)).rules()) {
            if (rule.action() instanceof Action.Drop || rule.action() instanceof Action.Return) {
                Ruleset one = Samples.everyMatchAndAction();
                one.put(new Chain.Rules(Samples.EVERYTHING, Rule.BOTH,
                        List.of(new Rule(rule.matches(), new Action.Drop(), rule.comments(), rule.families(), rule.signature(), false, rule.place()))));
                compare(one, 300, rule.toString());
            }
        }
    }

    @Test
    void a_guard_that_one_dataplane_lacks_is_found() {
        for (Chain.Rules without : List.of(WorkloadRules.forward(List.of()), WorkloadRules.input(List.of()))) {
            Ruleset open = tenants();
            open.put(without);
            NftMachine lacking = NftMachine.of(open);
            IptablesMachine whole = IptablesMachine.of(tenants(), Family.V4);
            HookPoint point = without.name().equals(WorkloadRules.FORWARD) ? FORWARD : INPUT;
            boolean found = false;
            for (int i = 0; i < PACKETS && !found; i++) {
                Packet packet = packet();
                found = packet.source().isV4() && !lacking.run(NftRendering.name(point), packet)
                        .equals(whole.run(point.layer().text(), point.hook().name(), packet));
            }
            assertTrue(found, () -> "no packet of seed " + seed + " tells the difference at " + point);
        }
    }

    private Map<End, Integer> agree(Ruleset ruleset) {
        return compare(ruleset, PACKETS, "");
    }

    private Map<End, Integer> compare(Ruleset ruleset, int packets, String what) {
        NftMachine nft = NftMachine.of(ruleset);
        Map<Family, IptablesMachine> iptables = new EnumMap<>(Family.class);
        for (Family family : Family.values()) {
            iptables.put(family, IptablesMachine.of(ruleset, family));
        }
        Map<End, Integer> ends = new EnumMap<>(End.class);
        for (int i = 0; i < packets; i++) {
            Packet packet = packet();
            for (HookPoint point : List.of(PREROUTING, INPUT, FORWARD, POSTROUTING)) {
                Outcome expected = iptables.get(packet.source().family()).run(point.layer().text(), point.hook().name(), packet);
                Outcome found = nft.run(NftRendering.name(point), packet);
                assertEquals(expected, found, () -> "seed " + seed + ", " + point + ", " + packet + " " + what);
                ends.merge(found.end(), 1, Integer::sum);
            }
        }
        return ends;
    }

    @SafeVarargs
    private <T> T one(T... of) {
        return of[random.nextInt(of.length)];
    }

    private Packet packet() {
        boolean v4 = random.nextInt(3) > 0;
        int protocol = one(6, 17, 17, v4 ? 1 : 58, 132, 4);
        boolean ports = protocol != 1 && protocol != 58 && protocol != 4;
        boolean icmp = protocol == 1 || protocol == 58;
        CtState state = one(CtState.values());
        // What has no connection has none that was translated.
        boolean translated = random.nextBoolean() && state != CtState.INVALID && state != CtState.UNTRACKED;
        return new Packet(
                one("", "eth0", "cali1", "cali12", "cali3", "flannel.1"), one("", "eth0", "cali2", "cali12", "cali", "flannel.1"),
                address(v4), address(v4), protocol,
                ports ? port() : 0, ports ? port() : 0,
                icmp ? one(8, 3, 128, 0) : -1, icmp ? one(0, 4) : -1,
                one(0, 0, 0x4000, 0x10000, 0x20000, 0x1b0000, -1), state, translated, random.nextBoolean(),
                Set.of(Ip.of("192.0.2.1"), Ip.of("fd00:2::1")));
    }

    private int port() {
        return one(8472, 8472, 80, 53, 99, 100, 150, 200, 201, 8080, 9000, 9001, 65535, random.nextInt(65536));
    }

    private Ip address(boolean v4) {
        return Ip.of(v4
                ? one("10.1.49.2", "10.1.1.1", "10.1.94.7", "10.9.1.1", "10.9.200.1", "10.200.0.1", "192.0.2.1", "192.0.2.2", "192.0.2.3",
                        "224.0.0.5", "255.1.1.1", "8.8.8.8")
                : one("fd00:1:0:49::2", "fd00:1:0:50::2", "fd00:1:0:100::1", "fd00::1", "fd00:10:244::1", "fd00:10:244:8000::1", "fd00:2::1",
                        "fd00:2::2", "ff02::1", "2001:db8::1"));
    }
}
