package io.canal.dataplane.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.Ip;
import io.canal.reconcile.testing.Seconds;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Member;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.testing.Samples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a real kernel does not take of the table. */
class NftRefusalsIT extends TableScene {

    /** The kernel has nine. */
    private static final Action UNKNOWN_LEVEL = new Action.Log("x", 99);

    private static ChainName policy(String name) {
        return ChainName.filter("cali-pi-np/default/" + name);
    }

    /** Policies whose rules accept a port each, and are led to by the hook. */
    private static Ruleset policies(String... names) {
        Ruleset ruleset = new Ruleset();
        List<Rule> jumps = new ArrayList<>();
        for (String name : names) {
            ruleset.put(Chain.Rules.of(policy(name), Rule.of(new Action.Accept()).comment("NetworkPolicy default/" + name + " ingress")));
            jumps.add(Rule.of(new Action.Jump(policy(name))));
        }
        ruleset.put(HOOK, new HookRules(jumps, List.of()));
        return ruleset;
    }

    private String chain(ChainName name) {
        return nft("nft", "list", "chain", "inet", "canal", "filter-" + name.name());
    }

    @Test
    void a_policy_that_the_kernel_does_not_take_is_closed_and_disturbs_no_other() throws IOException {
        Ruleset ruleset = policies("a", "b", "c");
        Rule bad = Rule.of(UNKNOWN_LEVEL).comment("NetworkPolicy default/b ingress");
        ruleset.put(Chain.Rules.of(policy("b"), bad));
        table.wantAll(ruleset);
        ruleset.takeChanges();
        assertTrue(table.apply(true));
        assertTrue(chain(policy("a")).contains("accept") && chain(policy("c")).contains("accept"));
        assertTrue(chain(policy("b")).contains("drop"), chain(policy("b")));
        assertEquals(1, table.problems().size());
        String problem = table.problems().getFirst();
        assertTrue(problem.startsWith("the kernel does not take chain filter-cali-pi-np/default/b (NetworkPolicy default/b ingress): change a rule of chain")
                && problem.endsWith("; it drops all packets"), problem);
        assertFalse(table.apply(true), "nothing is tried again while nothing changes");
        ruleset.put(Chain.Rules.of(policy("b"), Rule.of(new Action.Accept())));
        table.want(ruleset, ruleset.takeChanges());
        assertTrue(table.apply(true));
        assertTrue(chain(policy("b")).contains("accept"));
        assertEquals(List.of(), table.problems());
    }

    @Test
    void a_policy_that_becomes_one_which_the_kernel_does_not_take_stays_as_it_was_while_others_go_on() throws IOException {
        Ruleset ruleset = policies("a", "b", "c");
        table.wantAll(ruleset);
        ruleset.takeChanges();
        table.apply(true);
        ruleset.put(Chain.Rules.of(policy("a"), Rule.of(new Action.Return())));
        ruleset.put(Chain.Rules.of(policy("b"), Rule.of(UNKNOWN_LEVEL), Rule.of(new Action.Drop())));
        ruleset.put(Chain.Rules.of(policy("c"), Rule.of(new Action.Drop())));
        table.want(ruleset, ruleset.takeChanges());
        assertTrue(table.apply(true));
        assertTrue(chain(policy("a")).contains("return") && chain(policy("c")).contains("drop"));
        assertTrue(chain(policy("b")).contains("accept"), chain(policy("b")));
        assertTrue(table.problems().getFirst().endsWith("; it stays as it was"), table.problems().toString());
        ruleset.remove(policy("b"));
        ruleset.put(HOOK, new HookRules(List.of(Rule.of(new Action.Jump(policy("a")))), List.of()));
        table.want(ruleset, ruleset.takeChanges());
        assertTrue(table.apply(true));
        assertFalse(nft("nft", "list", "table", "inet", "canal").contains("default/b"));
        assertEquals(List.of(), table.problems());
    }

    /** Of what is only wrong together with where packets come from the kernel speaks at the end, and names nothing. */
    @Test
    void a_chain_that_the_kernel_refuses_without_naming_it_is_found() throws IOException {
        Ruleset ruleset = new Ruleset();
        List<Rule> jumps = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            ChainName name = new ChainName(Layer.RAW, "cali-pi-np/default/p" + i);
            ruleset.put(Chain.Rules.of(name, Rule.of(i == 23 ? new Action.Masquerade(false, Optional.empty()) : new Action.Accept())));
            jumps.add(Rule.of(new Action.Jump(name)));
        }
        ruleset.put(new HookPoint(Layer.RAW, Hook.PREROUTING), new HookRules(jumps, List.of()));
        table.wantAll(ruleset);
        ruleset.takeChanges();
        assertTrue(table.apply(true));
        assertEquals(1, table.problems().size(), table.problems().toString());
        assertTrue(table.problems().getFirst().startsWith("the kernel does not take chain raw-cali-pi-np/default/p23: "), table.problems().toString());
        assertTrue(nft("nft", "list", "chain", "inet", "canal", "raw-cali-pi-np/default/p23").contains("drop"));
        assertTrue(nft("nft", "list", "chain", "inet", "canal", "raw-cali-pi-np/default/p22").contains("accept"));
        assertFalse(table.apply(true));
    }

    /** A chain that only postrouting may have is refused while another leads to it, and the kernel says nothing when it is no more. */
    @Test
    void what_was_refused_is_tried_again_after_a_pause() throws IOException {
        Seconds seconds = new Seconds();
        Ruleset ruleset = new Ruleset();
        ChainName policy = new ChainName(Layer.RAW, "cali-pi-np/default/p");
        HookPoint prerouting = new HookPoint(Layer.RAW, Hook.PREROUTING);
        ruleset.put(Chain.Rules.of(policy, Rule.of(new Action.Masquerade(false, Optional.empty()))));
        ruleset.put(prerouting, new HookRules(List.of(Rule.of(new Action.Jump(policy))), List.of()));
        try (NftTable slow = new NftTable(node.<NftablesSocket, KernelException>call(NftablesSocket::open), seconds)) {
            slow.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(slow.apply(true));
            assertEquals(1, slow.problems().size(), slow.problems().toString());
            ruleset.put(prerouting, new HookRules(List.of(Rule.of(new Action.Accept())), List.of()));
            slow.want(ruleset, ruleset.takeChanges());
            assertTrue(slow.apply(true));
            seconds.pass(29);
            assertFalse(slow.apply(true));
            assertEquals(1, slow.problems().size());
            seconds.pass(1);
            assertTrue(slow.apply(true));
            assertEquals(List.of(), slow.problems());
            assertTrue(nft("nft", "list", "chain", "inet", "canal", "raw-cali-pi-np/default/p").contains("masquerade"));
        }
    }

    /** Three policies, of which the first two look up a set with two members, which somebody has made for one. */
    private Ruleset withSetTooSmall() {
        nft("nft", "add table inet canal; add set inet canal cali40some-pods { type ipv4_addr; size 1; }");
        Ruleset ruleset = policies("a", "b", "c");
        ruleset.put(Samples.ADDRESSES);
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.2")));
        for (String name : List.of("a", "b")) {
            ruleset.put(lookingUp(name));
        }
        return ruleset;
    }

    private static Chain.Rules lookingUp(String name) {
        return Chain.Rules.of(policy(name), Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, Samples.ADDRESSES, false)).comment("NetworkPolicy default/" + name + " ingress"));
    }

    private List<String> verdicts(String... names) {
        return List.of(names).stream().map(name -> name + (chain(policy(name)).contains("accept") ? " accept" : "") + (chain(policy(name)).contains("drop") ? " drop" : "")).toList();
    }

    @Test
    void a_set_that_the_kernel_does_not_take_closes_what_looks_it_up_and_nothing_else() throws IOException {
        Seconds seconds = new Seconds();
        Ruleset ruleset = withSetTooSmall();
        try (NftTable slow = new NftTable(node.<NftablesSocket, KernelException>call(NftablesSocket::open), seconds)) {
            slow.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(slow.apply(false));
            assertEquals(List.of("a drop", "b drop", "c accept"), verdicts("a", "b", "c"));
            String problems = String.join("\n", slow.problems());
            assertTrue(problems.startsWith("the kernel does not take a set: change elements of set cali40some-pods in nf_tables: "), problems);
            assertTrue(problems.endsWith("; what looks it up drops all packets: chain filter-cali-pi-np/default/a (NetworkPolicy default/a ingress), "
                    + "chain filter-cali-pi-np/default/b (NetworkPolicy default/b ingress)"), problems);
            assertFalse(slow.apply(false), "nothing is to do before the pause is over");
            // What changes meanwhile is not forgotten.
            ruleset.put(Chain.Rules.of(policy("b"), Rule.of(new Action.Accept())));
            ruleset.put(lookingUp("c"));
            ruleset.add(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.3")));
            ruleset.remove(Samples.ADDRESSES, Member.of(Ip.of("10.1.1.1")));
            slow.want(ruleset, ruleset.takeChanges());
            assertTrue(slow.apply(false));
            assertEquals(List.of("a drop", "b accept", "c drop"), verdicts("a", "b", "c"));
            seconds.pass(30);
            slow.apply(false);
            assertEquals(List.of("a drop", "b accept", "c drop"), verdicts("a", "b", "c"));
            assertEquals(1, slow.problems().size());
            seconds.pass(59);
            assertFalse(slow.apply(false), "the pause doubles");
            seconds.pass(1);
            assertTrue(slow.apply(true), "the set may be made anew");
            assertEquals(List.of("a accept", "b accept", "c accept"), verdicts("a", "b", "c"));
            assertEquals(List.of(), slow.problems());
            String listing = nft("nft", "list", "set", "inet", "canal", "cali40some-pods");
            assertTrue(listing.contains("elements = { 10.1.1.2, 10.1.1.3 }"), listing);
            slow.distrust();
            assertFalse(slow.apply(true));
        }
    }

    @Test
    void a_set_that_somebody_has_made_too_small_is_made_anew() throws IOException {
        Ruleset ruleset = withSetTooSmall();
        table.wantAll(ruleset);
        assertTrue(table.apply(true));
        assertEquals(List.of("a accept", "b accept", "c accept"), verdicts("a", "b", "c"));
        assertEquals(List.of(), table.problems());
        table.distrust();
        assertFalse(table.apply(true));
    }

    @Test
    void a_set_that_is_not_taken_and_needed_no_more_is_no_problem_any_more() throws IOException {
        Ruleset ruleset = withSetTooSmall();
        table.wantAll(ruleset);
        ruleset.takeChanges();
        table.apply(false);
        assertEquals(1, table.problems().size());
        ruleset.put(Chain.Rules.of(policy("a"), Rule.of(new Action.Accept())));
        ruleset.put(Chain.Rules.of(policy("b"), Rule.of(new Action.Accept())));
        ruleset.remove(Samples.ADDRESSES);
        table.want(ruleset, ruleset.takeChanges());
        table.apply(false);
        assertEquals(List.of("a accept", "b accept", "c accept"), verdicts("a", "b", "c"));
        assertEquals(List.of(), table.problems());
        table.apply(true);
        assertFalse(nft("nft", "list", "table", "inet", "canal").contains("cali40some-pods"));
    }

    @Test
    void a_refusal_names_the_object_and_the_next_try_makes_the_table_anew() throws IOException {
        Ruleset ruleset = new Ruleset();
        ChainName absent = ChainName.filter("absent");
        ruleset.put(Chain.Rules.of(ChainName.filter("a"), Rule.of(new Action.Jump(absent))));
        table.wantAll(ruleset);
        ruleset.takeChanges();
        KernelException refused = assertThrows(KernelException.class, () -> table.apply(true));
        assertTrue(refused.getMessage().contains("a rule of chain filter-a"), refused.getMessage());
        ruleset.put(Chain.Rules.of(absent, Rule.of(new Action.Accept())));
        table.want(ruleset, ruleset.takeChanges());
        assertTrue(table.apply(true));
        assertTrue(nft("nft", "list", "table", "inet", "canal").contains("jump filter-absent"));
    }
}
