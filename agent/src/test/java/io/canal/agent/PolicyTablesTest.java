package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.rules.PolicyRules;
import io.canal.policy.rules.RuleSettings;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Match;
import io.canal.ruleset.Ruleset;
import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of etcd and of the node itself, and which rules come of it. */
class PolicyTablesTest {

    private static final String IFACE = EndpointNames.podInterface("default", "web");

    @TempDir
    private Path folder;

    private final Ruleset ruleset = new Ruleset();
    private final PolicySettings settings = new PolicySettings(before -> before);
    private final PolicyRules rules = new PolicyRules(ruleset, settings.rules());
    private final Map<String, LocalEndpoint> endpoints = new HashMap<>();
    private final Conditions conditions = new Conditions(() -> { });
    private PolicyMemory memory;
    private PolicyTables tables;
    private ApplyLoop loop;
    private PolicyFeed feed;

    @BeforeEach
    void open() {
        memory = new PolicyMemory(folder);
        tables = new PolicyTables(() -> "h1", () -> new KeeperStanding(true, true, true, 1, List.of(), List.of()), endpoints, _ -> false, settings, memory, () -> { });
        loop = new ApplyLoop(Clock.system(), List.of(), () -> true, _ -> { });
        loop.start();
        feed = new PolicyFeed(loop, tables, memory, conditions);
    }

    @AfterEach
    void close() {
        loop.close();
        memory.close();
    }

    private void pass() throws Exception {
        loop.applied(loop.write(() -> {
            assertTrue(tables.settle());
            tables.flush(rules);
            rules.settle();
        })).toCompletableFuture().get();
    }

    private void list(Entry... entries) throws Exception {
        feed.listed(new Listing(1, 10, List.of(entries)));
        pass();
    }

    private void change(Change... changes) throws Exception {
        feed.changed(11, List.of(changes));
        pass();
    }

    private boolean isAllowedByProfile() {
        return ruleset.chain(ChainName.filter("cali-pri-kns.default")) instanceof Chain.Rules chain
                && chain.rules().stream().anyMatch(rule -> rule.action() instanceof Action.SetMark mark && mark.value() == 0x10000);
    }

    private Set<Cidr> members() {
        Set<Cidr> members = new TreeSet<>(Comparator.comparing(Cidr::toString));
        ruleset.sets().stream().filter(set -> set.id().startsWith("s:")).forEach(set -> ruleset.members(set).forEach(member -> members.add(member.net())));
        return members;
    }

    @Test
    void nothing_stands_in_for_a_profile_that_is_there_and_cannot_be_read() throws Exception {
        list(pod("web", "c1", "10.1.0.2", ""));
        assertTrue(isAllowedByProfile(), "there are no controllers, and no profile");
        change(new Change.Put(profile("7")));
        assertFalse(isAllowedByProfile());
        change(new Change.Put(profile("[{\"action\":\"Allow\"}]")));
        assertTrue(isAllowedByProfile());
        change(new Change.Put(profile("7")));
        assertTrue(isAllowedByProfile(), "what it said before");
        change(new Change.Deleted(profile("").key()));
        assertTrue(isAllowedByProfile());
        change(new Change.Put(profile("7")));
        assertFalse(isAllowedByProfile());
        change(new Change.Deleted(profile("").key()));
        assertTrue(isAllowedByProfile());
    }

    /** Two versions may come at once, or before a listing is taken up. */
    @Test
    void the_last_good_version_holds_however_soon_a_flawed_one_follows() throws Exception {
        Entry good = profile("[{\"action\":\"Allow\"}]");
        Entry flawed = profile("[{\"action\":\"Allow\",\"protocol\":\"nosuch\"}]");
        list(pod("web", "c1", "10.1.0.2", ""), profile("[]"));
        assertFalse(isAllowedByProfile());
        change(new Change.Put(good), new Change.Put(flawed));
        assertTrue(isAllowedByProfile());
        assertEquals(List.of(good.key()), tables.earlier(feed.doubted()));
        change(new Change.Put(profile("[]")));
        assertFalse(isAllowedByProfile());
        assertEquals(List.of(), tables.earlier(feed.doubted()));
        feed.listed(new Listing(1, 12, List.of(pod("web", "c1", "10.1.0.2", ""), profile("[]"))));
        feed.changed(13, List.of(new Change.Put(good)));
        feed.changed(14, List.of(new Change.Put(flawed)));
        pass();
        assertTrue(isAllowedByProfile());
    }

    @Test
    void a_parameter_that_cannot_be_read_is_told_and_the_others_hold() throws Exception {
        String key = ResourceKey.ROOT + "felixconfigurations/default";
        String whole = "{\"kind\":\"FelixConfiguration\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"default\"},\"spec\":{\"logActionRateLimit\":\"5/minute\",\"failsafeInboundHostPorts\":[%s]}}";
        list(new Entry(key, whole.formatted("{\"protocol\":\"tcp\",\"port\":0}"), 1, 1, 0));
        assertEquals(new RuleSettings.LogRate(5, Match.WithinRate.Unit.MINUTE), settings.rules().logRate());
        assertEquals(RuleSettings.defaults().failsafeInbound(), settings.rules().failsafeInbound());
        assertTrue(notes().startsWith(key + ": spec.failsafeInboundHostPorts is "), notes());
        assertEquals(List.of(), tables.earlier(feed.doubted()));
        change(new Change.Put(new Entry(key, whole.formatted(""), 2, 2, 0)));
        assertEquals(List.of(), settings.rules().failsafeInbound());
        assertEquals("", notes());
    }

    private String notes() {
        return String.join("\n", conditions.sentences(Conditions.Weight.NOTE));
    }

    @Test
    void a_profile_that_cannot_be_read_from_the_beginning_is_closed_until_it_is_gone() throws Exception {
        list(pod("web", "c1", "10.1.0.2", ""), profile("7"));
        assertFalse(isAllowedByProfile());
        feed.listed(new Listing(1, 12, List.of(pod("web", "c1", "10.1.0.2", ""))));
        pass();
        assertTrue(isAllowedByProfile());
    }

    @Test
    void controllers_have_run_where_their_configuration_is_there_be_it_readable_or_not() throws Exception {
        ResourceKey key = ResourceKey.of(Kind.KUBE_CONTROLLERS_CONFIGURATION, "default");
        list(pod("web", "c1", "10.1.0.2", ""));
        assertTrue(isAllowedByProfile());
        change(new Change.Put(new Entry(key.path(), "x", 1, 1, 0)));
        assertFalse(isAllowedByProfile());
        change(new Change.Deleted(key.path()));
        assertTrue(isAllowedByProfile());
    }

    @Test
    void a_profile_that_no_pod_names_any_more_is_forgotten() throws Exception {
        list(pod("web", "c1", "10.1.0.2", ""), pod("other", "c2", "10.1.0.3", ""));
        change(new Change.Deleted(pod("web", "", "10.1.0.2", "").key()));
        assertEquals(Set.of("kns.default"), tables.standIns());
        change(new Change.Deleted(pod("other", "", "10.1.0.3", "").key()));
        assertEquals(Set.of(), tables.standIns());
        change(new Change.Put(pod("web", "c1", "10.1.0.2", "")));
        assertTrue(isAllowedByProfile());
    }

    /** A rule that names such a network could not be written, nor one that lets it be something else than a name. */
    @ParameterizedTest
    @ValueSource(strings = {"a b", "x) || all() || has(x"})
    void a_network_whose_name_is_no_label_s_cuts_off_its_pods_and_no_others(String name) throws Exception {
        Entry odd = pod("odd", "c1", "10.1.0.2", "");
        list(new Entry(odd.key().replace("k8s", "cni"), odd.value().replace("k8s", "cni").replace("kns.default", name).replace(IFACE, "cali-odd")
                .replace("\"app\":\"web\"", "\"" + WorkloadEndpoint.ORCHESTRATOR_LABEL + "\":\"cni\""), 1, 1, 0),
                pod("web", "c2", "10.1.0.3", ""));
        assertEquals(Set.of("kns.default"), tables.standIns());
        assertTrue(isAllowedByProfile());
        assertTrue(ruleset.chains().containsKey(ChainName.filter("cali-tw-cali-odd")), "it is known, and its profile is not there");
    }

    @Test
    void the_address_of_a_detached_pod_is_in_no_set_though_etcd_names_it_still() throws Exception {
        list(pod("web", "c1", "10.1.0.2", ""), pod("other", "c2", "10.1.0.3", ""), policy());
        endpoints.put(IFACE, local("c1", "10.1.0.2"));
        pass();
        assertEquals(Set.of(Cidr.of("10.1.0.2/32"), Cidr.of("10.1.0.3/32")), members());
        endpoints.clear();
        pass();
        assertEquals(Set.of(Cidr.of("10.1.0.3/32")), members());
        change(new Change.Put(pod("web", "c9", "10.1.0.9", "")));
        assertEquals(Set.of(Cidr.of("10.1.0.3/32"), Cidr.of("10.1.0.9/32")), members(), "another container of that name");
    }

    @Test
    void a_pod_that_goes_takes_no_traits_from_another_on_its_interface() throws Exception {
        String qos = ",\"qosControls\":{\"ingressPacketRate\":100}";
        list(pod("a-old", "c1", "10.1.0.2", qos), pod("web", "c2", "10.1.0.3", qos));
        assertEquals(Set.of(IFACE), tables.traits().keySet());
        change(new Change.Deleted(pod("a-old", "", "10.1.0.2", "").key()));
        assertEquals(Set.of(IFACE), tables.traits().keySet());
        change(new Change.Deleted(pod("web", "", "10.1.0.2", "").key()));
        assertEquals(Set.of(), tables.traits().keySet());
    }

    /** Of each kind that is read: a value or a sentence, whatever the text. */
    @Test
    void no_damage_gets_past_the_reading_of_any_kind() {
        long seed = Chance.seed();
        Random dice = new Random(seed);
        List<Entry> entries = HostileObjects.all().stream().filter(entry -> entry.value().length() < 5_000).toList();
        Set<Kind> read = EnumSet.noneOf(Kind.class);
        for (int i = 0; i < 8_000; i++) {
            // Each once as it is, so that each kind is read at all.
            Entry entry = entries.get(i < entries.size() ? i : dice.nextInt(entries.size()));
            ResourceKey key = ResourceKey.parse(entry.key()).orElseThrow();
            String damaged = i < entries.size() ? entry.value() : HostileObjects.damaged(entry.value(), dice);
            try {
                if (PolicyObject.decode(key, damaged) instanceof Decoded.Good<PolicyObject>(PolicyObject object)) {
                    read.add(key.kind());
                    object.flaw();
                }
            } catch (RuntimeException | StackOverflowError escaped) {
                throw new AssertionError("seed " + seed + ", " + key + ": " + damaged, escaped);
            }
        }
        assertEquals(PolicyObject.KINDS, read, () -> "seed " + seed);
    }

    /** All on one interface. */
    private static Entry pod(String pod, String container, String address, String more) {
        String name = EndpointNames.workloadEndpoint("h1", "k8s", pod, "eth0").orElseThrow();
        return new Entry(ResourceKey.ROOT + "workloadendpoints/default/" + name, "{\"kind\":\"WorkloadEndpoint\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\""
                + name + "\",\"namespace\":\"default\",\"labels\":{\"app\":\"web\"}},\"spec\":{\"orchestrator\":\"k8s\",\"node\":\"h1\",\"containerID\":\"" + container
                + "\",\"pod\":\"" + pod + "\",\"endpoint\":\"eth0\",\"ipNetworks\":[\"" + address + "/32\"],\"profiles\":[\"kns.default\"],\"interfaceName\":\"" + IFACE + "\"" + more
                + "}}", 1, 1, 0);
    }

    private static LocalEndpoint local(String container, String address) {
        return new LocalEndpoint(IFACE, "default", EndpointNames.workloadEndpoint("h1", "k8s", "web", "eth0").orElseThrow(), "web", container, List.of(Ip.of(address)),
                Mac.parse("02:00:00:00:00:01").orElseThrow(), Map.of("app", "web"), List.of("kns.default"), List.of());
    }

    private static Entry profile(String ingress) {
        return new Entry(ResourceKey.ROOT + "profiles/kns.default", "{\"kind\":\"Profile\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"kns.default\"},\"spec\":{\"ingress\":"
                + ingress + "}}", 1, 1, 0);
    }

    private static Entry policy() {
        return new Entry(ResourceKey.ROOT + "globalnetworkpolicies/p", """
                {"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"p"},
                "spec":{"types":["Ingress"],"performanceHints":["AssumeNeededOnEveryNode"],"ingress":[{"action":"Allow","source":{"selector":"app == 'web'"}}]}}""", 1, 1, 0);
    }
}
