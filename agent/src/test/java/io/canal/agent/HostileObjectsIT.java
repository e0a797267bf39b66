package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.dataplane.filter.FilterInputs;
import io.canal.dataplane.filter.FilterMode;
import io.canal.dataplane.filter.LiveRules;
import io.canal.dataplane.filter.NodeNetworks;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.Ip;
import io.canal.model.NodePaths;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Passage;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Table;
import io.canal.reconcile.testing.Chance;
import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From values of etcd to the kernel's rules: whatever else etcd holds, a good policy is enforced, and what is changed in it too. */
@Tag("long")
class HostileObjectsIT {

    private static final String ROOT = "/calico/resources/v3/projectcalico.org/";

    @TempDir
    private Path folder;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace node = namespaces.add("node");
    private final long seed = Chance.seed();

    @AfterEach
    void close() {
        namespaces.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void whatever_else_is_in_etcd_good_policies_are_enforced(FilterMode mode) throws Exception {
        PolicySettings settings = new PolicySettings(before -> before);
        Conditions conditions = new Conditions(() -> { });
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            PolicyTables tables = new PolicyTables(() -> "h1", () -> new KeeperStanding(true, true, true, 1, List.of(), List.of()), Map.of(), _ -> false, settings, memory,
                    () -> { });
            NodeNetworks none = new NodeNetworks(List.of(), new TreeSet<>(Set.of(8472)), false);
            PacketFilter filter = new PacketFilter(new FilterInputs(new Table<>("peers"), () -> none, tables), () -> mode, new NodePaths(folder), Clock.system());
            ApplyLoop loop = node.<ApplyLoop, RuntimeException>call(() -> {
                ApplyLoop made = new ApplyLoop(Clock.system(), List.of(filter), () -> true, _ -> { });
                made.start();
                return made;
            });
            try (loop; filter) {
                loop.write(() -> tables.interfaces(Map.of("eth0", Set.of(Ip.of("192.0.2.1")))));
                PolicyFeed feed = new PolicyFeed(loop, tables, memory, conditions);
                List<Entry> hostile = new ArrayList<>(HostileObjects.all());
                Collections.shuffle(hostile, new Random(seed));
                List<Entry> all = new ArrayList<>(hostile.subList(0, hostile.size() / 2));
                all.addAll(List.of(tier(), pod("web", "caliweb", "10.1.0.2"), pod("client", "caliclient", "10.1.0.3"), policy(5000)));
                feed.listed(new Listing(1, 10, all));
                settle(loop);
                assertOnly(5000);
                feed.changed(11, hostile.subList(hostile.size() / 2, hostile.size()).stream().<Change>map(Change.Put::new).toList());
                feed.changed(12, List.of(new Change.Put(policy(5001))));
                settle(loop);
                assertOnly(5001);
                assertEquals(List.of(), filter.status().problems());
                assertTrue(conditions.sentences(Conditions.Weight.NOTE).size() > 1, "what cannot be read is named");
                feed.changed(13, hostile.stream().<Change>map(entry -> new Change.Deleted(entry.key())).toList());
                settle(loop);
                assertOnly(5001);
            }
        }
    }

    private void settle(ApplyLoop loop) throws Exception {
        var applied = loop.applied(loop.write(() -> { })).toCompletableFuture().get(90, TimeUnit.SECONDS);
        assertTrue(applied.clean(), () -> "seed " + seed + ": " + applied.failures());
    }

    /** As the kernel has it. */
    private void assertOnly(int open) throws IOException {
        LiveRules rules = node.<LiveRules, IOException>call(() -> LiveRules.read().orElseThrow());
        for (int port : List.of(5000, 5001, 22)) {
            Flow flow = Flow.ports(Ip.of("10.1.0.3"), Ip.of("10.1.0.2"), 17, 33_333, port);
            LiveRules.Verdict verdict = rules.judge(Passage.of("caliclient", "caliweb", flow));
            assertEquals(port == open, verdict.through(), () -> "seed " + seed + ", port " + port + ": " + verdict);
        }
        LiveRules.Verdict stranger = rules.judge(Passage.of("calistranger", "caliweb", Flow.ports(Ip.of("10.1.0.3"), Ip.of("10.1.0.2"), 17, 33_333, open)));
        assertTrue(!stranger.through(), () -> "seed " + seed + ": " + stranger);
    }

    private static Entry tier() {
        return entry("tiers/first", "Tier", "first", "", "{\"order\":-1e300,\"defaultAction\":\"Deny\"}");
    }

    private static Entry policy(int port) {
        return entry("globalnetworkpolicies/good", "GlobalNetworkPolicy", "good", "", "{\"tier\":\"first\",\"order\":-1e300,\"selector\":\"good == 'yes'\",\"types\":[\"Ingress\",\"Egress\"],"
                + "\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"UDP\",\"source\":{\"selector\":\"good == 'yes'\"},\"destination\":{\"ports\":[" + port + "]}}],"
                + "\"egress\":[{\"action\":\"Allow\"}]}");
    }

    private static Entry pod(String name, String iface, String address) {
        return entry("workloadendpoints/default/" + name, "WorkloadEndpoint", name, ",\"namespace\":\"default\",\"labels\":{\"good\":\"yes\"}",
                "{\"orchestrator\":\"k8s\",\"node\":\"h1\",\"containerID\":\"" + name + "\",\"pod\":\"" + name + "\",\"endpoint\":\"eth0\",\"ipNetworks\":[\"" + address
                        + "/32\"],\"interfaceName\":\"" + iface + "\"}");
    }

    private static Entry entry(String path, String kind, String name, String metadata, String spec) {
        return new Entry(ROOT + path, "{\"kind\":\"" + kind + "\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name + "\"" + metadata + "},\"spec\":" + spec + "}",
                1, 1, 0);
    }
}
