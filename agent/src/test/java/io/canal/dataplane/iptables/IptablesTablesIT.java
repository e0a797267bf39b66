package io.canal.dataplane.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.nftables.NftablesMonitor;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Match;
import io.canal.ruleset.Member;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.testing.Samples;
import io.canal.ruleset.testing.WorkloadRules;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our rules in a real kernel's iptables, in each back end. */
class IptablesTablesIT extends TablesScene {

    @ParameterizedTest
    @EnumSource
    void every_match_and_action_reads_back_as_it_was_written(IptablesBackend backend) throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        assertTrue(node.apply(tables, true));
        tables.distrust();
        assertFalse(node.apply(tables, true));
        IptablesTables restarted = node.tables(backend);
        restarted.wantAll(ruleset);
        assertFalse(node.apply(restarted, true), () -> "a restart adopts the rules without a write, but:\n" + node.save(backend, "iptables"));
    }

    /** FelixConfiguration's chainInsertMode Append. */
    @ParameterizedTest
    @EnumSource
    void rules_may_stand_behind_those_of_others(IptablesBackend backend) throws IOException {
        node.iptables(backend, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        ruleset.takeChanges();
        node.apply(tables, true);
        String before = forward(backend);
        assertTrue(before.endsWith("DROP"), before);
        new TreeMap<>(ruleset.hooks()).forEach((point, rules) -> ruleset.put(point, new HookRules(rules.first(), rules.last(), rules.idle(), true)));
        tables.want(ruleset, ruleset.takeChanges());
        assertTrue(node.apply(tables, true));
        assertTrue(forward(backend).startsWith("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD"), forward(backend));
        tables.distrust();
        assertFalse(node.apply(tables, true), "nothing is to do");
        node.iptables(backend, "-A", "FORWARD", "-s", "192.0.2.2", "-j", "DROP");
        tables.distrust();
        assertTrue(node.apply(tables, true));
        assertTrue(forward(backend).startsWith("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD -s 192.0.2.2/32 -j DROP\n-A FORWARD"), forward(backend));
        node.namespace().<IOException>run(tables::removeAll);
        assertEquals("-A FORWARD -s 192.0.2.1/32 -j DROP\n-A FORWARD -s 192.0.2.2/32 -j DROP", forward(backend));
    }

    private String forward(IptablesBackend backend) {
        return node.save(backend, "iptables").lines().filter(line -> line.startsWith("-A FORWARD")).collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @EnumSource
    void changes_reach_the_kernel_and_nothing_else_is_touched(IptablesBackend backend) throws IOException {
        node.iptables(backend, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        node.iptables(backend, "-N", "KUBE-FORWARD");
        node.iptables(backend, "-A", "FORWARD", "-j", "KUBE-FORWARD");
        Ruleset ruleset = Samples.everyMatchAndAction();
        ruleset.put(WorkloadRules.FROM);
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        ruleset.takeChanges();
        node.apply(tables, true);
        for (String iface : List.of("cali1", "cali12", "cali2")) {
            ruleset.put(WorkloadRules.fromEndpointAllowAll(iface, List.of(8472)));
            ruleset.dispatch(WorkloadRules.FROM.name(), iface, WorkloadRules.fromEndpoint(iface));
        }
        ruleset.add(Samples.NETS, Member.of(Cidr.of("0.0.0.0/0")));
        ruleset.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.put(Chain.Rules.of(Samples.RAW, Rule.of(new Action.Accept()).comment("changed")));
        tables.want(ruleset, ruleset.takeChanges());
        assertTrue(node.apply(tables, true));
        tables.distrust();
        assertFalse(node.apply(tables, true));
        String saved = node.save(backend, "iptables");
        assertTrue(saved.contains("-A cali-from-wl-dispatch-1 -i cali12"), saved);
        assertTrue(saved.contains("--comment changed -j ACCEPT"), saved);
        String sets = node.run("ipset", "save");
        assertTrue(sets.contains("add cali40s:some-nets 128.0.0.0/1"), sets);
        assertFalse(sets.contains("add cali40some-pods"), sets);
        ruleset.undispatch(WorkloadRules.FROM.name(), "cali1");
        ruleset.undispatch(WorkloadRules.FROM.name(), "cali12");
        ruleset.remove(WorkloadRules.fromEndpoint("cali1"));
        ruleset.remove(WorkloadRules.fromEndpoint("cali12"));
        tables.want(ruleset, ruleset.takeChanges());
        node.apply(tables, true);
        assertFalse(node.save(backend, "iptables").contains("cali12"), () -> node.save(backend, "iptables"));
        node.namespace().<IOException>run(tables::removeAll);
        assertEquals(List.of("-A FORWARD -s 192.0.2.1/32 -j DROP", "-A FORWARD -j KUBE-FORWARD"),
                node.save(backend, "iptables").lines().filter(line -> line.startsWith("-A")).toList());
        assertFalse(node.save(backend, "ip6tables").contains("cali"));
        assertEquals("", node.run("ipset", "save"));
    }

    @ParameterizedTest
    @EnumSource
    void damage_is_repaired(IptablesBackend backend) throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        node.apply(tables, true);
        String whole = node.save(backend, "iptables");
        for (List<String> damage : List.of(List.of("-F"), List.of("-F", "FORWARD"), List.of("-F", "cali-everything"),
                List.of("-I", "FORWARD", "-j", "ACCEPT"), List.of("-D", "cali-everything", "1"), List.of("-t", "raw", "-F"),
                List.of("-A", "cali-everything", "-j", "DROP"), List.of("-N", "cali-foreign"))) {
            node.iptables(backend, damage.toArray(String[]::new));
            tables.distrust();
            assertTrue(node.apply(tables, true), damage::toString);
            tables.distrust();
            assertFalse(node.apply(tables, true), damage::toString);
            if (damage.contains("ACCEPT")) {
                node.iptables(backend, "-D", "FORWARD", "-j", "ACCEPT");
            }
            assertEquals(sorted(whole), sorted(node.save(backend, "iptables")));
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_others_damage_is_told_and_our_own_changes_are_not(IptablesBackend backend) throws IOException {
        Ruleset ruleset = twoRules();
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        ruleset.takeChanges();
        node.apply(tables, true);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.7")));
        ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept()).comment("goes")));
        tables.want(ruleset, ruleset.takeChanges());
        node.apply(tables, true);
        tables.distrust();
        node.apply(tables, true);
        assertEquals(List.of(), told(tables));
        assertEquals(List.of("CHANGED chain filter cali-everything of iptables no rule in place of 1 rule"), damaged(tables, () -> node.iptables(backend, "-F", "cali-everything")));
        assertEquals(List.of("REMOVED canal's rules in chain filter FORWARD of iptables"), damaged(tables, () -> node.iptables(backend, "-F", "FORWARD")));
        assertEquals(List.of("ADDED chain filter cali-foreign of iptables"), damaged(tables, () -> node.iptables(backend, "-N", "cali-foreign")));
        assertEquals(List.of("REMOVED member 10.1.1.2/32 of ipset cali40some-pods"), damaged(tables, () -> node.run("ipset", "del", "cali40some-pods", "10.1.1.2")));
        assertEquals(List.of("CHANGED rule 1 of chain filter cali-everything of iptables, DROP in place of ACCEPT"),
                damaged(tables, () -> changeUnderItsTag(backend)).stream().map(IptablesTablesIT::inBrief).toList());
    }

    /** Its target, of the chain's only rule. */
    private void changeUnderItsTag(IptablesBackend backend) {
        String rule = node.save(backend, "iptables").lines().filter(line -> line.startsWith("-A cali-everything ")).findFirst().orElseThrow();
        Matcher tag = Pattern.compile("cali:[\\w-]+").matcher(rule);
        assertTrue(tag.find(), rule);
        node.iptables(backend, "-R", "cali-everything", "1", "-m", "comment", "--comment", tag.group(), "-m", "comment", "--comment", "goes", "-j", "DROP");
    }

    /** Of the rules only their targets. */
    private static String inBrief(String told) {
        return told.replaceAll("iptables -m .* -j (\\S+) in place of .* -j (\\S+)$", "iptables, $1 in place of $2");
    }

    /** 60 a minute are printed as one a second. */
    @ParameterizedTest
    @EnumSource
    void a_rule_that_iptables_spells_otherwise_was_changed_by_nobody(IptablesBackend backend) throws IOException {
        Ruleset ruleset = new Ruleset();
        ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept(), new Match.WithinRate(60, Match.WithinRate.Unit.MINUTE, 5))));
        IptablesTables tables = node.tables(backend);
        tables.wantAll(ruleset);
        node.apply(tables, true);
        for (int look = 0; look < 3; look++) {
            assertEquals(List.of(), damaged(tables, () -> {}));
        }
        tables.distrust();
        assertFalse(node.apply(tables, true), () -> "nothing is to do in:\n" + node.save(backend, "iptables"));
    }

    private List<String> damaged(IptablesTables tables, Runnable damage) throws IOException {
        damage.run();
        tables.distrust();
        node.apply(tables, true);
        return told(tables);
    }

    private static List<String> told(IptablesTables tables) {
        return tables.takeRepairs().stream().map(repair -> (repair.was() + " " + repair.what() + " " + repair.detail()).strip()).toList();
    }

    @ParameterizedTest
    @EnumSource
    void while_nothing_may_be_removed_more_than_is_wanted_stays(IptablesBackend backend) throws IOException {
        Ruleset whole = Samples.everyMatchAndAction();
        IptablesTables tables = node.tables(backend);
        tables.wantAll(whole);
        node.apply(tables, true);
        String before = node.save(backend, "iptables");
        IptablesTables restarted = node.tables(backend);
        restarted.wantAll(new Ruleset());
        assertFalse(node.apply(restarted, false));
        assertEquals(before, node.save(backend, "iptables"));
        assertTrue(node.apply(restarted, true));
        assertFalse(node.save(backend, "iptables").contains("cali"));
    }

    @ParameterizedTest
    @EnumSource
    void while_nothing_may_be_removed_what_this_life_wanted_goes_nevertheless(IptablesBackend backend) throws IOException {
        Ruleset life = twoRules();
        life.put(Chain.Rules.of(ChainName.filter("cali-another-life"), Rule.of(new Action.Accept())));
        IptablesTables tables = node.tables(backend);
        tables.wantAll(life);
        node.apply(tables, true);
        node.run("ipset", "add", Samples.ADDRESSES.ipsetName(), "10.1.1.9");
        life = twoRules();
        life.takeChanges();
        IptablesTables restarted = node.tables(backend);
        restarted.wantAll(life);
        assertFalse(node.apply(restarted, false));
        life.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Return()).comment("stays")));
        life.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
        life.remove(HOOK);
        restarted.want(life, life.takeChanges());
        assertTrue(node.apply(restarted, false));
        restarted.distrust();
        assertFalse(node.apply(restarted, false), "once is enough");
        String saved = node.save(backend, "iptables") + node.run("ipset", "save");
        assertFalse(saved.contains("goes"), saved);
        assertFalse(saved.contains("10.1.1.2"), saved);
        assertFalse(saved.contains("-j cali-everything"), saved);
        for (String kept : List.of("stays", "10.1.1.1", "10.1.1.9", "cali-another-life")) {
            assertTrue(saved.contains(kept), () -> "no " + kept + " in\n" + saved);
        }
        assertTrue(node.apply(restarted, true));
        assertFalse(node.run("ipset", "save").contains("10.1.1.9"));
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
        IptablesTables tables = node.tables(IptablesBackend.NFT);
        tables.wantAll(ruleset);
        assertTrue(node.apply(tables, true));
        tables.distrust();
        assertFalse(node.apply(tables, true));
        List<String> members = node.run("ipset", "save").lines().filter(line -> line.startsWith("add")).toList();
        assertEquals(List.of("add cali40some-pods 10.1.1.1", "add cali40n:named 10.1.1.2,tcp:80"), members.stream().sorted().toList().reversed());
    }

    /** Of sets the kernel tells no changes: they are looked at. */
    @Test
    void sets_are_mended_after_a_look_at_them() throws IOException {
        Ruleset ruleset = twoRules();
        ruleset.put(Samples.NETS);
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
        ruleset.add(Samples.NETS, Member.of(Cidr.of("0.0.0.0/0")));
        try (IptablesTables tables = node.tables(IptablesBackend.NFT)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            node.apply(tables, true);
            ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.7")));
            ruleset.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
            tables.want(ruleset, ruleset.takeChanges());
            node.apply(tables, true);
            String whole = sets();
            assertTrue(whole.contains(" 10.1.1.7") && !whole.contains(" 10.1.1.1,"), whole);
            for (String damage : List.of("del cali40some-pods 10.1.1.2", "add cali40some-pods 10.1.1.9", "flush", "destroy cali40s:some-nets", "create cali40s:of-nobody hash:ip")) {
                node.run(("ipset " + damage).split(" "));
                tables.distrustSets();
                assertTrue(node.apply(tables, true), damage);
                assertEquals(whole, sets(), damage);
                tables.distrustSets();
                assertFalse(node.apply(tables, true), damage);
            }
            node.run("ipset", "del", "cali40some-pods", "10.1.1.2");
            node.run("ipset", "add", "cali40some-pods", "10.1.1.3");
            for (int looks = 0; looks < 8; looks++) {
                tables.distrustSets();
                node.apply(tables, true);
            }
            assertEquals(whole, sets());
        }
    }

    /** But for their random part. */
    private String sets() {
        return sorted(node.run("ipset", "save").replaceAll(" initval \\S+", "")).toString();
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
        node.iptables(IptablesBackend.NFT, "-t", "raw", "-N", "KUBE-X");
        node.iptables(IptablesBackend.NFT, "-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
        Ruleset ruleset = twoRules();
        try (NftablesMonitor monitor = node.namespace().<NftablesMonitor, IOException>call(() -> NftablesMonitor.open(port -> own.contains((long) port), new NftablesMonitor.Listener() {

            @Override
            public void changed(NftablesMonitor.Touched touched) {
                told.addAll(touched.chains());
            }

            @Override
            public void missed() {
                told.add("missed");
            }
        })); IptablesTables tables = node.namespace().<IptablesTables, IOException>call(() -> IptablesTables.open(IptablesBackend.NFT, generation))) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(node.apply(tables, true));
            assertEquals(2, own.size(), "one process for each family");
            ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept()).comment("another")));
            tables.want(ruleset, ruleset.takeChanges());
            assertTrue(node.apply(tables, true));
            node.run("sh", "-c", "printf '*raw\\n:KUBE-X - [0:0]\\n-A KUBE-X -j ACCEPT\\nCOMMIT\\n' | iptables-nft-restore --noflush");
            node.iptables(IptablesBackend.NFT, "-A", "FORWARD", "-j", "ACCEPT");
            assertEquals("2 raw KUBE-X", told.poll(60, TimeUnit.SECONDS));
            assertEquals("2 filter FORWARD", told.poll(60, TimeUnit.SECONDS));
            assertEquals(List.of(), List.copyOf(told));
        }
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
