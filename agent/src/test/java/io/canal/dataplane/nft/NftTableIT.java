package io.canal.dataplane.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.testing.WorkloadRules;
import io.canal.ruleset.testing.Samples;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The table in a real kernel, looked at with nft(8). */
class NftTableIT extends TableScene {

    @Test
    void every_match_and_action_is_read_back_as_it_was_written() throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        table.wantAll(ruleset);
        assertTrue(table.apply(true));
        table.distrust();
        assertFalse(table.apply(true), "what is read back must equal what was written");
        try (NftTable restarted = another()) {
            restarted.wantAll(ruleset);
            assertFalse(restarted.apply(true), "a restart adopts the table without a write");
        }
    }

    @Test
    void nft_lists_the_table_with_names_comments_and_types() throws IOException {
        table.wantAll(Samples.everyMatchAndAction());
        table.apply(true);
        String listing = nft("nft", "list", "table", "inet", "canal");
        for (String expected : List.of(
                "comment \"canal: pod network and network policy\"",
                "chain filter-FORWARD {",
                "type filter hook forward priority filter; policy accept;",
                "goto filter-cali-everything",
                "type nat hook postrouting priority srcnat + 10; policy accept;",
                "ip saddr 10.0.0.0/8 masquerade fully-random",
                "iifname \"cali*\" counter packets 0 bytes 0 drop comment \"negated false\"",
                "oifname != \"eth0\" counter",
                "ip daddr 10.128.0.0/9 counter",
                "ip6 saddr fd00:10:244::/56 counter",
                "ip6 daddr != fd00:10:244:8000::/49 counter",
                "ip saddr @cali40some-pods counter",
                "ip daddr != @cali40s-some-nets-net counter",
                "limit rate 1000/second burst 7 packets",
                "ct count over 20 counter",
                "tcp flags syn / fin,syn,rst,ack counter",
                "ip daddr . meta l4proto . th dport @cali40n-named counter",
                "ip6 saddr . meta l4proto . th sport @cali60n-named counter",
                "tcp dport 80 return",
                "tcp dport 100-200 return",
                "udp sport != @ports-53-8000_9000-60000_65535 return",
                "meta mark & 0x00030000 == 0x00010000 counter",
                "ct state established,related counter",
                "ct status dnat counter",
                "fib daddr type local counter",
                "icmp type echo-request counter",
                "icmpv6 type echo-request counter",
                "meta mark set meta mark & 0xfffdffff | 0x00010000",
                "log prefix \"calico-packet: \" level notice",
                "comment \"NetworkPolicy default/empty ingress\"",
                "reject with tcp reset",
                "udp dport 8472 notrack",
                "fib saddr . mark . iif oif",
                "elements = { 10.0.0.0/8, 255.0.0.0/8 }",
                "elements = { 10.1.1.1 . tcp . 8080 }",
                "elements = { fd00::1 . udp . 53 }",
                "elements = { 53, 8000-9000,")) {
            assertTrue(listing.contains(expected), () -> "no \"" + expected + "\" in\n" + listing);
        }
    }

    @Test
    void nft_itself_can_load_what_it_lists() throws IOException {
        table.wantAll(Samples.everyMatchAndAction());
        table.apply(true);
        String check = nft("sh", "-c", "nft list table inet canal > /tmp/canal-it-$$.nft && nft -c -f /tmp/canal-it-$$.nft; echo code $?; rm -f /tmp/canal-it-$$.nft");
        assertTrue(check.contains("code 0"), check);
    }

    @Test
    void blocks_that_come_go_and_merge_at_random_become_the_intervals_that_they_are() throws IOException {
        long seed = Chance.seed();
        Random random = new Random(seed);
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.NETS);
        ruleset.takeChanges();
        table.wantAll(ruleset);
        for (int round = 0; round < 60; round++) {
            for (int i = 0; i < 20; i++) {
                int length = 8 + random.nextInt(25);
                Cidr block = Cidr.containing(Ip.of("10." + random.nextInt(4) + "." + random.nextInt(256) + "." + random.nextInt(256)), length);
                if (random.nextBoolean() && length > 12) {
                    ruleset.add(Samples.NETS, Member.of(block));
                } else {
                    List.copyOf(ruleset.members(Samples.NETS)).stream().filter(member -> block.contains(member.net()))
                            .forEach(member -> ruleset.remove(Samples.NETS, member));
                }
            }
            table.want(ruleset, ruleset.takeChanges());
            table.apply(true);
            table.distrust();
            assertFalse(table.apply(true), "seed " + seed + ", round " + round);
        }
    }

    @Test
    void a_changed_chain_and_a_changed_member_touch_nothing_else() throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        ruleset.takeChanges();
        table.wantAll(ruleset);
        table.apply(true);
        String before = nft("nft", "-a", "list", "chain", "inet", "canal", "filter-cali-everything");
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.9.9.9")));
        ruleset.remove(Samples.NETS, Member.of(Cidr.of("10.0.0.0/8")));
        ruleset.put(Chain.Rules.of(Samples.RAW, Rule.of(new Action.Accept()).comment("changed")));
        table.want(ruleset, ruleset.takeChanges());
        assertTrue(table.apply(true));
        assertEquals(before, nft("nft", "-a", "list", "chain", "inet", "canal", "filter-cali-everything"), "handles of rules stay");
        String listing = nft("nft", "list", "table", "inet", "canal");
        assertTrue(listing.contains("10.9.9.9"), listing);
        assertTrue(listing.contains("elements = { 10.1.0.0/16, 255.0.0.0/8 }"), listing);
        assertTrue(listing.contains("comment \"changed\""), listing);
        table.distrust();
        assertFalse(table.apply(true));
    }

    @Test
    void a_set_that_ended_and_began_again_between_two_looks_has_no_member_of_before() throws IOException {
        Ruleset ruleset = Samples.everyMatchAndAction();
        ruleset.takeChanges();
        table.wantAll(ruleset);
        table.apply(true);
        ruleset.remove(Samples.NETS);
        ruleset.remove(Samples.ADDRESSES);
        ruleset.put(Samples.NETS);
        ruleset.put(Samples.ADDRESSES);
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.9.9.9")));
        table.want(ruleset, ruleset.takeChanges());
        table.apply(true);
        String listing = nft("nft", "list", "set", "inet", "canal", Samples.NETS.nftName()) + nft("nft", "list", "set", "inet", "canal", Samples.ADDRESSES.nftName());
        assertTrue(listing.contains("elements = { 10.2.0.0/16 }") && listing.contains("elements = { 10.9.9.9 }"), listing);
    }

    @Test
    void the_rules_for_members_of_ipv6_come_in_their_order_with_the_first_one_and_stay() throws IOException {
        ChainName policy = new ChainName(Layer.FILTER, "cali-pi-gnp/some");
        NamedSet v4 = new NamedSet("s:some", Family.V4, NamedSet.Kind.ADDRESS);
        NamedSet v6 = new NamedSet("s:some", Family.V6, NamedSet.Kind.ADDRESS);
        Ruleset ruleset = new Ruleset();
        ruleset.put(v4);
        ruleset.put(v6);
        ruleset.put(Chain.Rules.of(policy, Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, v4, false)),
                Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, v6, false)), Rule.of(new Action.Drop(), new Match.InSet(Side.SOURCE, v6, true))));
        table.wantAll(ruleset);
        ruleset.takeChanges();
        table.apply(true);
        assertEquals(List.of("ip saddr @cali40s-some accept", "ip6 saddr != @cali60s-some counter packets 0 bytes 0 drop"), rulesOf(policy));
        Member member = Member.of(Ip.parse("fd00::1").orElseThrow());
        ruleset.add(v6, member);
        table.want(ruleset, ruleset.takeChanges());
        table.apply(false);
        List<String> all = List.of("ip saddr @cali40s-some accept", "ip6 saddr @cali60s-some accept", "ip6 saddr != @cali60s-some counter packets 0 bytes 0 drop");
        assertEquals(all, rulesOf(policy));
        ruleset.remove(v6, member);
        table.want(ruleset, ruleset.takeChanges());
        table.apply(true);
        assertEquals(all, rulesOf(policy));
    }

    private List<String> rulesOf(ChainName chain) {
        return nft("nft", "list", "chain", "inet", "canal", NftRendering.name(chain)).lines().map(String::strip)
                .filter(line -> line.startsWith("ip ") || line.startsWith("ip6 ")).toList();
    }

    @Test
    void a_dispatch_entry_comes_and_goes_with_its_chain() throws IOException {
        Ruleset ruleset = new Ruleset();
        ruleset.put(WorkloadRules.FROM);
        table.wantAll(ruleset);
        ruleset.takeChanges();
        table.apply(true);
        ChainName chain = WorkloadRules.fromEndpoint("cali1");
        ruleset.put(WorkloadRules.fromEndpointAllowAll("cali1", List.of(8472)));
        ruleset.dispatch(WorkloadRules.FROM.name(), "cali1", chain);
        table.want(ruleset, ruleset.takeChanges());
        table.apply(true);
        assertTrue(nft("nft", "list", "map", "inet", "canal", "filter-cali-from-wl-dispatch")
                .contains("elements = { \"cali1\" : goto filter-cali-fw-cali1 }"));
        ruleset.undispatch(WorkloadRules.FROM.name(), "cali1");
        ruleset.remove(chain);
        table.want(ruleset, ruleset.takeChanges());
        table.apply(true);
        assertFalse(nft("nft", "list", "table", "inet", "canal").contains("cali1"));
        table.distrust();
        assertFalse(table.apply(true));
    }

    private List<String> told() {
        return table.takeRepairs().stream().map(repair -> (repair.was() + " " + repair.what() + " " + repair.detail()).strip()).toList();
    }

    @Test
    void damage_is_repaired_and_a_foreign_table_stays() throws IOException {
        nft("nft", "add", "table", "inet", "foreign");
        Ruleset ruleset = Samples.everyMatchAndAction();
        table.wantAll(ruleset);
        table.apply(true);
        assertEquals(List.of(), told(), "our own first writing");
        for (String damage : List.of("flush table inet canal", "delete table inet canal", "add rule inet canal filter-FORWARD accept",
                "insert rule inet canal raw-cali-PREROUTING drop", "add chain inet canal mine", "flush set inet canal cali40some-pods",
                "add element inet canal cali40some-pods { 1.2.3.4 }", "add set inet canal more { type ipv4_addr; }",
                "chain inet canal filter-FORWARD { policy drop; }")) {
            nft("nft", damage);
            table.distrust();
            assertTrue(table.apply(true), damage);
            List<String> told = told();
            assertTrue(told.stream().allMatch(repair -> repair.contains("table inet canal")) && !told.isEmpty(), damage + ": " + told);
            if (damage.startsWith("delete")) {
                assertEquals(List.of("REMOVED table inet canal"), told);
            } else if (damage.startsWith("add rule")) {
                assertEquals(List.of("CHANGED chain filter-FORWARD of table inet canal 2 rules in place of 1 rule"), told);
            } else if (damage.startsWith("add element")) {
                assertEquals(List.of("ADDED an element of set cali40some-pods of table inet canal"), told);
            }
            table.distrust();
            assertFalse(table.apply(true), damage);
            assertEquals(List.of(), told(), damage);
        }
        assertTrue(nft("nft", "list", "tables").contains("foreign"));
        table.removeAll();
        assertEquals("table inet foreign\n", nft("nft", "list", "tables"));
    }

    @Test
    void while_nothing_may_be_removed_more_than_is_wanted_stays() throws IOException {
        Ruleset whole = Samples.everyMatchAndAction();
        table.wantAll(whole);
        table.apply(true);
        Ruleset less = new Ruleset();
        less.put(Samples.ADDRESSES);
        less.put(Chain.Rules.of(Samples.RAW, whole.chain(Samples.RAW) instanceof Chain.Rules rules ? rules.rules().getLast() : null));
        try (NftTable restarted = another()) {
            restarted.wantAll(less);
            assertFalse(restarted.apply(false));
            assertTrue(restarted.apply(true));
            assertFalse(nft("nft", "list", "table", "inet", "canal").contains("everything"));
        }
    }

    @Test
    void while_nothing_may_be_removed_what_this_life_wanted_goes_nevertheless() throws IOException {
        Ruleset life = twoRules();
        life.put(Chain.Rules.of(ChainName.filter("another-life"), Rule.of(new Action.Accept())));
        table.wantAll(life);
        table.apply(true);
        nft("nft", "add", "element", "inet", "canal", Samples.ADDRESSES.nftName(), "{ 10.1.1.9 }");
        life = twoRules();
        life.takeChanges();
        try (NftTable restarted = another()) {
            restarted.wantAll(life);
            assertFalse(restarted.apply(false));
            life.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Return()).comment("stays")));
            life.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
            life.remove(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
            life.remove(HOOK);
            restarted.want(life, life.takeChanges());
            assertTrue(restarted.apply(false));
            restarted.distrust();
            assertFalse(restarted.apply(false), "once is enough");
            String listing = nft("nft", "list", "table", "inet", "canal");
            assertFalse(listing.contains("goes"), listing);
            assertFalse(listing.contains("10.1.1.2"), listing);
            assertFalse(listing.contains("10.2.0.0"), listing);
            assertFalse(listing.contains("jump"), listing);
            for (String kept : List.of("stays", "10.1.1.1", "10.1.1.9", "10.3.0.0/16", "another-life")) {
                assertTrue(listing.contains(kept), () -> "no " + kept + " in\n" + listing);
            }
            assertTrue(restarted.apply(true));
            assertFalse(nft("nft", "list", "table", "inet", "canal").contains("10.1.1.9"));
        }
    }

    private static Ruleset twoRules() {
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.ADDRESSES);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
        ruleset.put(Samples.NETS);
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
        ruleset.add(Samples.NETS, Member.of(Cidr.of("10.3.0.0/16")));
        ruleset.put(Chain.Rules.of(Samples.EVERYTHING, Rule.of(new Action.Accept()).comment("goes"), Rule.of(new Action.Return()).comment("stays")));
        ruleset.put(HOOK, new HookRules(List.of(Rule.of(new Action.Jump(Samples.EVERYTHING))), List.of()));
        return ruleset;
    }
}
