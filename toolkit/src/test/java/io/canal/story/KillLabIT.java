package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.fault.Leases;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Pod;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("lab")
@Order(11)
@ExtendWith(StoryLab.class)
class KillLabIT {

    private static final int KILLS = 50;
    private static final int PER_SECOND = 1_200;
    /** After each kill a change is in the kernel within this. */
    private static final Duration PROMISED = Duration.ofSeconds(1);
    /** A machine that others use too stands still now and then: so many kills it may have hit, and so long they may have taken. */
    private static final int HIT = 1;
    private static final Duration LONGEST = Duration.ofSeconds(2);

    @Test
    void fifty_kills_of_the_agent_lose_no_packet_and_no_change() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Host h1 = StoryLab.host(1);
        Pod a = StoryLab.pod("kill-a", h1);
        Pod b = StoryLab.pod("kill-b", StoryLab.host(2));
        var from = StoryLab.pods().netns(a);
        var to = StoryLab.pods().netns(b);
        EtcdClient etcd = StoryLab.etcd();
        Cidr subnet = free(new Leases(etcd));
        List<Duration> took = new ArrayList<>();
        String key = NetworkKeys.DEFAULT.lease(SubnetKey.of(subnet));
        try (PacketStream there = PacketStream.start(from, a.address(), to, b.address(), PER_SECOND);
                PacketStream back = PacketStream.start(to, b.address(), from, a.address(), PER_SECOND);
                NeighbourWatch watch = NeighbourWatch.on(h1);
                EtcdLine line = EtcdLine.on(h1)) {
            for (int kill = 1; kill <= KILLS; kill++) {
                Pause.ofMillis(random.nextInt(200));
                h1.program("systemctl", "kill", "--signal=KILL", "canal-agent").must();
                long start = System.nanoTime();
                // A peer comes back with another VTEP while the agent is dead or not yet in sync.
                Mac mac = Mac.of(String.format("02:00:00:00:%02x:%02x", kill, random.nextInt(256)));
                line.put(key, LeaseValue.vxlan(Ip.of("10.10.0.200"), 1, mac).text());
                Optional<Long> followed = watch.await(mac, LONGEST);
                assertTrue(followed.isPresent(), "kill " + kill + ": " + mac + " of " + subnet + " never came into the kernel (seed " + seed + ")");
                took.add(Duration.ofNanos(followed.get() - start));
            }
            Collections.sort(took);
            long late = took.stream().filter(one -> one.compareTo(PROMISED) > 0).count();
            System.out.println("A changed peer is in the kernel " + took.get(KILLS / 2).toMillis() + " ms after the kill, at most "
                    + took.getLast().toMillis() + " ms, within 1 s after " + (KILLS - late) + " of " + KILLS + " kills");
            assertTrue(late <= HIT, late + " of " + KILLS + " changes took longer than " + PROMISED + ": " + took + " (seed " + seed + ")");
            PacketStream.Report one = there.stop();
            PacketStream.Report other = back.stop();
            assertTrue(one.sent() > 10_000, one.toString());
            assertEquals(List.of(0, 0), List.of(one.lost(), other.lost()), one + "; " + other + " (seed " + seed + ")");
        } finally {
            etcd.delete(key);
        }
    }

    private static Cidr free(Leases leases) {
        List<Cidr> taken = leases.all().stream().map(Leases.Lease::subnet).toList();
        for (int third = 250; third > 0; third--) {
            Cidr candidate = Cidr.of("10.1." + third + ".0/24");
            if (taken.stream().noneMatch(candidate::overlaps)) {
                return candidate;
            }
        }
        throw new AssertionError("no free subnet beside " + taken);
    }
}
