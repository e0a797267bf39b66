package io.canal.dataplane.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesMonitor;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.reconcile.Clock;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.testing.WorkloadRules;
import io.canal.ruleset.testing.Samples;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our rules in a real kernel's iptables, in each back end. */
class IptablesTablesIT {

    private static final HookPoint HOOK = new HookPoint(Layer.FILTER, Hook.FORWARD);

    private final TestNamespaces namespaces = new TestNamespaces();
    private NetworkNamespace node;

    @BeforeEach
    void open() {
        node = namespaces.add("node");
    }

    @AfterEach
    void close() {
        namespaces.close();
    }

    private IptablesTables tables(IptablesBackend backend) throws IOException {
        return node.<IptablesTables, IOException>call(() -> IptablesTables.open(backend, () -> 0));
    }

    private boolean apply(IptablesTables tables, boolean mayRemove) throws IOException {
        return node.<Boolean, IOException>call(() -> tables.apply(mayRemove));
    }

    private String save(IptablesBackend backend, String family) {
        // Rules only: counters and dates differ from run to run.
        return TestNamespaces.run(node, family + (backend == IptablesBackend.NFT ? "-nft-save" : "-legacy-save")).lines()
                .filter(line -> line.startsWith("-A") || line.startsWith("*") || line.startsWith(":"))
                .map(line -> line.replaceAll(" \\[.*", ""))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private void iptables(IptablesBackend backend, String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = backend == IptablesBackend.NFT ? "iptables-nft" : "iptables-legacy";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        TestNamespaces.run(node, command);
    }

    @ParameterizedTest
    @EnumSource
    void every_match_and_action_reads_back_as_it_was_written(IptablesBackend backend) throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = tables(backend);
        tables.wantAll(ruleset);
        assertTrue(apply(tables, true));
        tables.distrust();
        assertFalse(apply(tables, true));
        IptablesTables restarted = tables(backend);
        restarted.wantAll(ruleset);
        assertFalse(apply(restarted, true), () -> "a restart adopts the rules without a write, but:\n" + save(backend, "iptables"));
    }

    /** FelixConfiguration's chainInsertMode Append. */
    @ParameterizedTest
    @EnumSource
    void rules_may_stand_behind_those_of_others(IptablesBackend backend) throws IOException {
        iptables(backend, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = tables(backend);
        tables.wantAll(ruleset);
        ruleset.takeChanges();
        apply(tables, true);
        String before = forward(backend);
        assertTrue(before.endsWith("DROP"), before);
        new TreeMap<>(ruleset.hooks()).forEach((point, rules) -> ruleset.put(point, new HookRules(rules.first(), rules.last(), rules.idle(), true)));
        tables.want(ruleset, ruleset.takeChanges());
        assertTrue(apply(tables, true));
        assertTrue(forward(backend).startsWith("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD"), forward(backend));
        tables.distrust();
        assertFalse(apply(tables, true), "nothing is to do");
        iptables(backend, "-A", "FORWARD", "-s", "192.0.2.2", "-j", "DROP");
        tables.distrust();
        assertTrue(apply(tables, true));
        assertTrue(forward(backend).startsWith("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD -s 192.0.2.2/32 -j DROP\n-A FORWARD"), forward(backend));
        node.<IOException>run(tables::removeAll);
        assertEquals("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD -s 192.0.2.2/32 -j DROP", forward(backend));
    }

    private String forward(IptablesBackend backend) {
        return save(backend, "iptables").lines().filter(line -> line.startsWith("-A FORWARD")).collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @EnumSource
    void changes_reach_the_kernel_and_nothing_else_is_touched(IptablesBackend backend) throws IOException {
        iptables(backend, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        iptables(backend, "-N", "KUBE-FORWARD");
        iptables(backend, "-A", "FORWARD", "-j", "KUBE-FORWARD");
        Ruleset ruleset = Samples.everyMatchAndAction();
        ruleset.put(WorkloadRules.FROM);
        IptablesTables tables = tables(backend);
        tables.wantAll(ruleset);
        ruleset.takeChanges();
        apply(tables, true);
        for (String iface : List.of("cali1", "cali12", "cali2")) {
            ruleset.put(WorkloadRules.fromEndpointAllowAll(iface, List.of(8472)));
            ruleset.dispatch(WorkloadRules.FROM.name(), iface, WorkloadRules.fromEndpoint(iface));
        }
        ruleset.add(Samples.NETS, Member.of(Cidr.of("0.0.0.0/0")));
        ruleset.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.put(Chain.Rules.of(Samples.RAW, Rule.of(new Action.Accept()).comment("changed")));
        tables.want(ruleset, ruleset.takeChanges());
        assertTrue(apply(tables, true));
        tables.distrust();
        assertFalse(apply(tables, true));
        String saved = save(backend, "iptables");
        assertTrue(saved.contains("-A cali-from-wl-dispatch-1 -i cali12"), saved);
        assertTrue(saved.contains("--comment changed -j ACCEPT"), saved);
        String sets = TestNamespaces.run(node, "ipset", "save");
        assertTrue(sets.contains("add cali40s:some-nets 128.0.0.0/1"), sets);
        assertFalse(sets.contains("add cali40some-pods"), sets);
        ruleset.undispatch(WorkloadRules.FROM.name(), "cali1");
        ruleset.undispatch(WorkloadRules.FROM.name(), "cali12");
        ruleset.remove(WorkloadRules.fromEndpoint("cali1"));
        ruleset.remove(WorkloadRules.fromEndpoint("cali12"));
        tables.want(ruleset, ruleset.takeChanges());
        apply(tables, true);
        assertFalse(save(backend, "iptables").contains("cali12"), () -> save(backend, "iptables"));
        node.<IOException>run(tables::removeAll);
        assertEquals(List.of("-A FORWARD -s 192.0.2.1/32 -j DROP", "-A FORWARD -j KUBE-FORWARD"),
                save(backend, "iptables").lines().filter(line -> line.startsWith("-A")).toList());
        assertFalse(save(backend, "ip6tables").contains("cali"));
        assertEquals("", TestNamespaces.run(node, "ipset", "save"));
    }

    @ParameterizedTest
    @EnumSource
    void damage_is_repaired(IptablesBackend backend) throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = tables(backend);
        tables.wantAll(ruleset);
        apply(tables, true);
        String whole = save(backend, "iptables");
        for (List<String> damage : List.of(List.of("-F"), List.of("-F", "FORWARD"), List.of("-F", "cali-everything"),
                List.of("-I", "FORWARD", "-j", "ACCEPT"), List.of("-D", "cali-everything", "1"), List.of("-t", "raw", "-F"),
                List.of("-A", "cali-everything", "-j", "DROP"), List.of("-N", "cali-foreign"))) {
            iptables(backend, damage.toArray(String[]::new));
            tables.distrust();
            assertTrue(apply(tables, true), damage::toString);
            tables.distrust();
            assertFalse(apply(tables, true), damage::toString);
            if (damage.contains("ACCEPT")) {
                iptables(backend, "-D", "FORWARD", "-j", "ACCEPT");
            }
            assertEquals(sorted(whole), sorted(save(backend, "iptables")));
        }
    }

    @ParameterizedTest
    @EnumSource
    void while_nothing_may_be_removed_more_than_is_wanted_stays(IptablesBackend backend) throws IOException {
        Ruleset whole = Samples.everyMatchAndAction();
        IptablesTables tables = tables(backend);
        tables.wantAll(whole);
        apply(tables, true);
        String before = save(backend, "iptables");
        IptablesTables restarted = tables(backend);
        restarted.wantAll(new Ruleset());
        assertFalse(apply(restarted, false));
        assertEquals(before, save(backend, "iptables"));
        assertTrue(apply(restarted, true));
        assertFalse(save(backend, "iptables").contains("cali"));
    }

    @ParameterizedTest
    @EnumSource
    void while_nothing_may_be_removed_what_this_life_wanted_goes_nevertheless(IptablesBackend backend) throws IOException {
        Ruleset life = twoRules();
        life.put(Chain.Rules.of(ChainName.filter("cali-another-life"), Rule.of(new Action.Accept())));
        IptablesTables tables = tables(backend);
        tables.wantAll(life);
        apply(tables, true);
        TestNamespaces.run(node, "ipset", "add", Samples.ADDRESSES.ipsetName(), "10.1.1.9");
        life = twoRules();
        life.takeChanges();
        IptablesTables restarted = tables(backend);
        restarted.wantAll(life);
        assertFalse(apply(restarted, false));
        life.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Return()).comment("stays")));
        life.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
        life.remove(HOOK);
        restarted.want(life, life.takeChanges());
        assertTrue(apply(restarted, false));
        restarted.distrust();
        assertFalse(apply(restarted, false), "once is enough");
        String saved = save(backend, "iptables") + TestNamespaces.run(node, "ipset", "save");
        assertFalse(saved.contains("goes"), saved);
        assertFalse(saved.contains("10.1.1.2"), saved);
        assertFalse(saved.contains("-j cali-everything"), saved);
        for (String kept : List.of("stays", "10.1.1.1", "10.1.1.9", "cali-another-life")) {
            assertTrue(saved.contains(kept), () -> "no " + kept + " in\n" + saved);
        }
        assertTrue(apply(restarted, true));
        assertFalse(TestNamespaces.run(node, "ipset", "save").contains("10.1.1.9"));
    }

    /** Each of them would be refused, and with it all that comes in the same pass. */
    @Test
    void members_that_the_kernel_has_no_place_for_are_left_out() throws IOException {
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.ADDRESSES);
        ruleset.put(Samples.PORTS);
        ruleset.put(Samples.PORTS_6);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("0.0.0.0")));
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(Samples.PORTS, new Member(Cidr.of("0.0.0.0/32"), 6, 80));
        ruleset.add(Samples.PORTS, new Member(Cidr.of("10.1.1.1/32"), 41, 80));
        ruleset.add(Samples.PORTS, new Member(Cidr.of("10.1.1.2/32"), 6, 80));
        ruleset.add(Samples.PORTS_6, new Member(Cidr.of("::/128"), 6, 80));
        IptablesTables tables = tables(IptablesBackend.NFT);
        tables.wantAll(ruleset);
        assertTrue(apply(tables, true));
        tables.distrust();
        assertFalse(apply(tables, true));
        List<String> members = TestNamespaces.run(node, "ipset", "save").lines().filter(line -> line.startsWith("add")).toList();
        assertEquals(List.of("add cali40some-pods 10.1.1.1", "add cali40n:named 10.1.1.2,tcp:80"), members.stream().sorted().toList().reversed());
    }

    /** iptables itself does not take the one, and the kernel, which names nothing in the legacy back end, not the other. */
    @ParameterizedTest
    @EnumSource
    void policies_that_are_not_taken_are_closed_or_stay_and_disturb_no_other(IptablesBackend backend) throws IOException {
        Action rejects = new Action.Reject(Action.With.PORT_UNREACHABLE);
        Ruleset ruleset = new Ruleset();
        Map<Layer, List<Rule>> jumps = new EnumMap<>(Layer.class);
        for (int i = 0; i < 20; i++) {
            Layer layer = i < 10 ? Layer.RAW : Layer.FILTER;
            ruleset.put(policy(i, i == 3 ? rejects : i == 13 ? new Action.Log("x", 99) : new Action.Accept()));
            jumps.computeIfAbsent(layer, any -> new ArrayList<>()).add(Rule.of(new Action.Jump(policy(i, rejects).name())));
        }
        ruleset.put(new HookPoint(Layer.RAW, Hook.PREROUTING), new HookRules(jumps.get(Layer.RAW), List.of()));
        ruleset.put(HOOK, new HookRules(jumps.get(Layer.FILTER), List.of()));
        try (IptablesTables tables = tables(backend)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(apply(tables, true));
            String saved = save(backend, "iptables");
            assertEquals(18, saved.lines().filter(line -> line.startsWith("-A cali-pi-np/default/p") && line.endsWith("-j ACCEPT")).count(), saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p3 ") && line.endsWith("-j DROP")), saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p13 ") && line.endsWith("-j DROP")), saved);
            List<String> problems = tables.problems();
            assertEquals(2, problems.stream().filter(problem -> problem.startsWith("the kernel does not take chain raw cali-pi-np/default/p3 (NetworkPolicy default/p3 ingress): ")).count(), problems.toString());
            assertEquals(2, problems.stream().filter(problem -> problem.startsWith("the kernel does not take chain filter cali-pi-np/default/p13 (NetworkPolicy default/p13 ingress): ")).count(), problems.toString());
            assertFalse(apply(tables, true));
            ruleset.put(policy(5, rejects));
            ruleset.put(policy(13, new Action.Accept()));
            ruleset.remove(policy(3, rejects).name());
            ruleset.put(new HookPoint(Layer.RAW, Hook.PREROUTING), new HookRules(List.of(Rule.of(new Action.Jump(policy(5, rejects).name()))), List.of()));
            tables.want(ruleset, ruleset.takeChanges());
            assertTrue(apply(tables, true));
            saved = save(backend, "iptables");
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p5 ") && line.endsWith("-j ACCEPT")), "stays as it was: " + saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p13 ") && line.endsWith("-j ACCEPT")), saved);
            assertFalse(saved.contains("cali-pi-np/default/p3 "), saved);
            assertTrue(tables.problems().stream().allMatch(problem -> problem.contains("default/p5") && problem.endsWith("; it stays as it was")), tables.problems().toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_was_refused_is_tried_again_after_a_pause_that_doubles(IptablesBackend backend) throws IOException {
        AtomicLong seconds = new AtomicLong(1_000);
        Clock clock = new Seconds(seconds);
        Ruleset ruleset = new Ruleset();
        ruleset.put(policy(3, new Action.Reject(Action.With.PORT_UNREACHABLE)));
        try (IptablesTables tables = node.<IptablesTables, IOException>call(() -> IptablesTables.open(backend, () -> 0, clock))) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(apply(tables, true));
            for (int pause : new int[] {30, 60}) {
                seconds.addAndGet(pause - 1);
                assertFalse(apply(tables, true));
                seconds.addAndGet(1);
                assertTrue(apply(tables, true), "tried again");
                assertEquals(2, tables.problems().size(), tables.problems().toString());
            }
        }
    }

    /** Of sets the kernel tells no changes: they are looked at. */
    @Test
    void sets_are_mended_after_a_look_at_them() throws IOException {
        Ruleset ruleset = twoRules();
        ruleset.put(Samples.NETS);
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
        ruleset.add(Samples.NETS, Member.of(Cidr.of("0.0.0.0/0")));
        try (IptablesTables tables = tables(IptablesBackend.NFT)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            apply(tables, true);
            ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.7")));
            ruleset.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
            tables.want(ruleset, ruleset.takeChanges());
            apply(tables, true);
            String whole = sets();
            assertTrue(whole.contains(" 10.1.1.7") && !whole.contains(" 10.1.1.1,"), whole);
            for (String damage : List.of("del cali40some-pods 10.1.1.2", "add cali40some-pods 10.1.1.9", "flush", "destroy cali40s:some-nets", "create cali40s:of-nobody hash:ip")) {
                TestNamespaces.run(node, ("ipset " + damage).split(" "));
                tables.distrustSets();
                assertTrue(apply(tables, true), damage);
                assertEquals(whole, sets(), damage);
                tables.distrustSets();
                assertFalse(apply(tables, true), damage);
            }
            TestNamespaces.run(node, "ipset", "del", "cali40some-pods", "10.1.1.2");
            TestNamespaces.run(node, "ipset", "add", "cali40some-pods", "10.1.1.3");
            for (int looks = 0; looks < 8; looks++) {
                tables.distrustSets();
                apply(tables, true);
            }
            assertEquals(whole, sets());
        }
    }

    /** But for their random part. */
    private String sets() {
        return sorted(TestNamespaces.run(node, "ipset", "save").replaceAll(" initval \\S+", "")).toString();
    }

    /** A set that somebody else's rule looks up cannot become one of another type; what needs it must not be open meanwhile. */
    @ParameterizedTest
    @EnumSource
    void a_set_that_is_not_taken_closes_what_looks_it_up_and_nothing_else(IptablesBackend backend) throws IOException {
        TestNamespaces.run(node, "ipset", "create", Samples.ADDRESSES.ipsetName(), "hash:ip");
        TestNamespaces.run(node, "ipset", "create", Samples.NETS.ipsetName(), "hash:net", "maxelem", "1");
        iptables(backend, "-A", "OUTPUT", "-m", "set", "--match-set", Samples.ADDRESSES.ipsetName(), "dst", "-j", "ACCEPT");
        AtomicLong seconds = new AtomicLong(1_000);
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.ADDRESSES);
        ruleset.put(Samples.NETS);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.3.0.0/16")));
        ruleset.put(lookingUp(10, Samples.ADDRESSES));
        ruleset.put(lookingUp(11, Samples.NETS));
        ruleset.put(policy(12, new Action.Accept()));
        ruleset.put(HOOK, new HookRules(Stream.of(10, 11, 12).map(each -> Rule.of(new Action.Jump(policy(each, new Action.Accept()).name()))).toList(), List.of()));
        try (IptablesTables tables = node.<IptablesTables, IOException>call(() -> IptablesTables.open(backend, () -> 0, new Seconds(seconds)))) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(apply(tables, true));
            assertEquals(List.of("p10 DROP", "p11 DROP", "p12 ACCEPT"), verdicts(backend));
            String problems = String.join("\n", tables.problems());
            assertTrue(problems.contains("make ipset cali40some-pods: there is one of type hash:ip that rules look up"), problems);
            assertTrue(problems.contains("add to ipset cali40s:some-nets: it has as many members as it takes"), problems);
            assertTrue(problems.contains("drops all packets: chain filter cali-pi-np/default/p11 (NetworkPolicy default/p11 ingress)"), problems);
            assertFalse(apply(tables, true), "nothing is to do before the pause is over");
            ruleset.put(lookingUp(13, Samples.NETS));
            tables.want(ruleset, ruleset.takeChanges());
            apply(tables, true);
            assertEquals(List.of("p10 DROP", "p11 DROP", "p12 ACCEPT", "p13 DROP"), verdicts(backend));
            ruleset.remove(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
            tables.want(ruleset, ruleset.takeChanges());
            apply(tables, true);
            seconds.addAndGet(3600);
            apply(tables, true);
            assertEquals("", TestNamespaces.run(node, "ipset", "save").lines().filter(line -> line.endsWith("10.2.0.0/16")).collect(Collectors.joining()));
            assertEquals(List.of("p10 DROP", "p11 ACCEPT", "p12 ACCEPT", "p13 ACCEPT"), verdicts(backend));
            iptables(backend, "-F", "OUTPUT");
            seconds.addAndGet(3600);
            apply(tables, true);
            assertEquals(List.of("p10 ACCEPT", "p11 ACCEPT", "p12 ACCEPT", "p13 ACCEPT"), verdicts(backend));
            assertEquals(List.of(), tables.problems());
            tables.distrust();
            assertFalse(apply(tables, true));
        }
    }

    private List<String> verdicts(IptablesBackend backend) {
        return save(backend, "iptables").lines().filter(line -> line.startsWith("-A cali-pi-np/default/"))
                .map(line -> line.replaceAll("-A cali-pi-np/default/(p\\d+) .* -j (\\S+)", "$1 $2")).sorted().toList();
    }

    private static Chain.Rules lookingUp(int number, NamedSet set) {
        return Chain.Rules.of(policy(number, new Action.Accept()).name(),
                Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, set, false)).comment("NetworkPolicy default/p" + number + " ingress"));
    }

    private record Seconds(AtomicLong seconds) implements Clock {

        @Override
        public long nanos() {
            return Duration.ofSeconds(seconds.get()).toNanos();
        }

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }
    }

    /** The word of a change names who made it; what is our own is not read back. */
    @Test
    void who_changes_which_chain_is_told() throws Exception {
        Set<Long> own = ConcurrentHashMap.newKeySet();
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        IptablesTables.Generation generation = new IptablesTables.Generation() {

            @Override
            public int now() {
                return 0;
            }

            @Override
            public void changing(long process) {
                own.add(process);
            }
        };
        iptables(IptablesBackend.NFT, "-t", "raw", "-N", "KUBE-X");
        iptables(IptablesBackend.NFT, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        Ruleset ruleset = twoRules();
        try (NftablesMonitor monitor = node.<NftablesMonitor, IOException>call(() -> NftablesMonitor.open(port -> own.contains((long) port), new NftablesMonitor.Listener() {

            @Override
            public void changed(NftablesMonitor.Touched touched) {
                told.addAll(touched.chains());
            }

            @Override
            public void missed() {
                told.add("missed");
            }
        })); IptablesTables tables = node.<IptablesTables, IOException>call(() -> IptablesTables.open(IptablesBackend.NFT, generation))) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(apply(tables, true));
            assertEquals(2, own.size(), "one process for each family");
            ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept()).comment("another")));
            tables.want(ruleset, ruleset.takeChanges());
            assertTrue(apply(tables, true));
            TestNamespaces.run(node, "sh", "-c", "printf '*raw\\n:KUBE-X - [0:0]\\n-A KUBE-X -j ACCEPT\\nCOMMIT\\n' | iptables-nft-restore --noflush");
            iptables(IptablesBackend.NFT, "-A", "FORWARD", "-j", "ACCEPT");
            assertEquals("2 raw KUBE-X", told.poll(5, TimeUnit.SECONDS));
            assertEquals("2 filter FORWARD", told.poll(5, TimeUnit.SECONDS));
            assertEquals(List.of(), List.copyOf(told));
        }
    }

    /** Those below 10 are in the table raw, where the kernel does not take REJECT. */
    private static Chain.Rules policy(int number, Action action) {
        return Chain.Rules.of(new ChainName(number < 10 ? Layer.RAW : Layer.FILTER, "cali-pi-np/default/p" + number),
                Rule.of(action).comment("NetworkPolicy default/p" + number + " ingress"));
    }

    private static Ruleset twoRules() {
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.ADDRESSES);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
        ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept()).comment("goes"), Rule.of(new Action.Return()).comment("stays")));
        ruleset.put(HOOK, new HookRules(List.of(Rule.of(new Action.Jump(Samples.EVERYTHING))), List.of()));
        return ruleset;
    }

    private static List<String> sorted(String saved) {
        return saved.lines().sorted().toList();
    }
}
