package io.canal.dataplane.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.iptables.IptablesBackend;
import io.canal.model.Cidr;
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
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.testing.Samples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a real kernel does not take, in each back end of iptables. */
class IptablesRefusalsIT extends TablesScene {

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
        try (IptablesTables tables = node.tables(backend)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(node.apply(tables, true));
            String saved = node.save(backend, "iptables");
            assertEquals(18, saved.lines().filter(line -> line.startsWith("-A cali-pi-np/default/p") && line.endsWith("-j ACCEPT")).count(), saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p3 ") && line.endsWith("-j DROP")), saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p13 ") && line.endsWith("-j DROP")), saved);
            List<String> problems = tables.problems();
            assertEquals(2, problems.stream().filter(problem -> problem.startsWith("the kernel does not take chain raw cali-pi-np/default/p3 (NetworkPolicy default/p3 ingress): ")).count(), problems.toString());
            assertEquals(2, problems.stream().filter(problem -> problem.startsWith("the kernel does not take chain filter cali-pi-np/default/p13 (NetworkPolicy default/p13 ingress): ")).count(), problems.toString());
            assertFalse(node.apply(tables, true));
            ruleset.put(policy(5, rejects));
            ruleset.put(policy(13, new Action.Accept()));
            ruleset.remove(policy(3, rejects).name());
            ruleset.put(new HookPoint(Layer.RAW, Hook.PREROUTING), new HookRules(List.of(Rule.of(new Action.Jump(policy(5, rejects).name()))), List.of()));
            tables.want(ruleset, ruleset.takeChanges());
            assertTrue(node.apply(tables, true));
            saved = node.save(backend, "iptables");
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p5 ") && line.endsWith("-j ACCEPT")), "stays as it was: " + saved);
            assertTrue(saved.lines().anyMatch(line -> line.startsWith("-A cali-pi-np/default/p13 ") && line.endsWith("-j ACCEPT")), saved);
            assertFalse(saved.contains("cali-pi-np/default/p3 "), saved);
            assertTrue(tables.problems().stream().allMatch(problem -> problem.contains("default/p5") && problem.endsWith("; it stays as it was")), tables.problems().toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_was_refused_is_tried_again_after_a_pause_that_doubles(IptablesBackend backend) throws IOException {
        Seconds seconds = new Seconds();
        Ruleset ruleset = new Ruleset();
        ruleset.put(policy(3, new Action.Reject(Action.With.PORT_UNREACHABLE)));
        try (IptablesTables tables = node.tables(backend, seconds)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(node.apply(tables, true));
            for (int pause : new int[] {30, 60}) {
                seconds.pass(pause - 1);
                assertFalse(node.apply(tables, true));
                seconds.pass(1);
                assertTrue(node.apply(tables, true), "tried again");
                assertEquals(2, tables.problems().size(), tables.problems().toString());
            }
        }
    }

    /** A set that somebody else's rule looks up cannot become one of another type; what needs it must not be open meanwhile. */
    @ParameterizedTest
    @EnumSource
    void a_set_that_is_not_taken_closes_what_looks_it_up_and_nothing_else(IptablesBackend backend) throws IOException {
        node.run("ipset", "create", Samples.ADDRESSES.ipsetName(), "hash:ip");
        node.run("ipset", "create", Samples.NETS.ipsetName(), "hash:net", "maxelem", "1");
        node.iptables(backend, "-A", "OUTPUT", "-m", "set", "--match-set", Samples.ADDRESSES.ipsetName(), "dst", "-j", "ACCEPT");
        Seconds seconds = new Seconds();
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
        try (IptablesTables tables = node.tables(backend, seconds)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(node.apply(tables, true));
            assertEquals(List.of("p10 DROP", "p11 DROP", "p12 ACCEPT"), verdicts(backend));
            String problems = String.join("\n", tables.problems());
            assertTrue(problems.contains("make ipset cali40some-pods: there is one of type hash:ip that rules look up"), problems);
            assertTrue(problems.contains("add to ipset cali40s:some-nets: it has as many members as it takes"), problems);
            assertTrue(problems.contains("drops all packets: chain filter cali-pi-np/default/p11 (NetworkPolicy default/p11 ingress)"), problems);
            assertFalse(node.apply(tables, true), "nothing is to do before the pause is over");
            ruleset.put(lookingUp(13, Samples.NETS));
            tables.want(ruleset, ruleset.takeChanges());
            node.apply(tables, true);
            assertEquals(List.of("p10 DROP", "p11 DROP", "p12 ACCEPT", "p13 DROP"), verdicts(backend));
            ruleset.remove(Samples.NETS, Member.of(Cidr.of("10.2.0.0/16")));
            tables.want(ruleset, ruleset.takeChanges());
            node.apply(tables, true);
            seconds.pass(3600);
            node.apply(tables, true);
            assertEquals("", node.run("ipset", "save").lines().filter(line -> line.endsWith("10.2.0.0/16")).collect(Collectors.joining()));
            assertEquals(List.of("p10 DROP", "p11 ACCEPT", "p12 ACCEPT", "p13 ACCEPT"), verdicts(backend));
            node.iptables(backend, "-F", "OUTPUT");
            seconds.pass(3600);
            node.apply(tables, true);
            assertEquals(List.of("p10 ACCEPT", "p11 ACCEPT", "p12 ACCEPT", "p13 ACCEPT"), verdicts(backend));
            assertEquals(List.of(), tables.problems());
            tables.distrust();
            assertFalse(node.apply(tables, true));
        }
    }

    /** As the guard of the overlay does once its port is known: what drops all packets there cuts off the host. */
    @ParameterizedTest
    @EnumSource
    void a_chain_of_all_packets_that_comes_to_look_up_a_refused_set_waits_for_it_and_is_not_closed(IptablesBackend backend) throws IOException {
        node.run("ipset", "create", Samples.ADDRESSES.ipsetName(), "hash:ip");
        node.iptables(backend, "-A", "OUTPUT", "-m", "set", "--match-set", Samples.ADDRESSES.ipsetName(), "dst", "-j", "ACCEPT");
        ChainName input = ChainName.filter("cali-INPUT");
        Ruleset ruleset = new Ruleset();
        ruleset.put(Samples.ADDRESSES);
        ruleset.put(Chain.Rules.of(input, Rule.of(new Action.Return())));
        ruleset.put(lookingUp(10, Samples.ADDRESSES));
        ruleset.put(new HookPoint(Layer.FILTER, Hook.INPUT), new HookRules(List.of(Rule.of(new Action.Jump(input))), List.of()));
        try (IptablesTables tables = node.tables(backend)) {
            tables.wantAll(ruleset);
            ruleset.takeChanges();
            assertTrue(node.apply(tables, true));
            assertEquals(List.of("p10 DROP"), verdicts(backend));
            ruleset.put(Chain.Rules.of(input, Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, Samples.ADDRESSES, false))));
            tables.want(ruleset, ruleset.takeChanges());
            for (int again = 0; again < 2; again++) {
                IOException waits = assertThrows(IOException.class, () -> node.apply(tables, true));
                assertTrue(String.valueOf(waits.getMessage()).contains("there is one of type hash:ip that rules look up"), waits.toString());
                assertEquals(List.of("RETURN"), targets(backend, input));
            }
            node.iptables(backend, "-F", "OUTPUT");
            assertTrue(node.apply(tables, true));
            assertEquals(List.of("ACCEPT"), targets(backend, input));
            assertEquals(List.of("p10 ACCEPT"), verdicts(backend));
        }
    }

    private List<String> targets(IptablesBackend backend, ChainName chain) {
        return node.save(backend, "iptables").lines().filter(line -> line.startsWith("-A " + chain.name() + " "))
                .map(line -> line.replaceAll(".* -j ", "")).toList();
    }

    private List<String> verdicts(IptablesBackend backend) {
        return node.save(backend, "iptables").lines().filter(line -> line.startsWith("-A cali-pi-np/default/"))
                .map(line -> line.replaceAll("-A cali-pi-np/default/(p\\d+) .* -j (\\S+)", "$1 $2")).sorted().toList();
    }

    private static Chain.Rules lookingUp(int number, NamedSet set) {
        return Chain.Rules.of(policy(number, new Action.Accept()).name(),
                Rule.of(new Action.Accept(), new Match.InSet(Side.SOURCE, set, false)).comment("NetworkPolicy default/p" + number + " ingress"));
    }

    /** Those below 10 are in the table raw, where the kernel does not take REJECT. */
    private static Chain.Rules policy(int number, Action action) {
        return Chain.Rules.of(new ChainName(number < 10 ? Layer.RAW : Layer.FILTER, "cali-pi-np/default/p" + number),
                Rule.of(action).comment("NetworkPolicy default/p" + number + " ingress"));
    }
}
