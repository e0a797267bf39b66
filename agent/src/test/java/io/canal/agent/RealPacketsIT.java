package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.PolicyScene.Backend;
import io.canal.model.Json;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Exchange;
import io.canal.policy.reference.Passage;
import io.canal.policy.testing.RandomSet;
import io.canal.policy.testing.VerdictSet;
import io.canal.reconcile.testing.Chance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real packets on each dataplane, from policies in a real etcd by a real agent: TCP, UDP, SCTP, GRE and ICMP of both families between
 * pods, their node, and machines beside it.
 *
 * <p>Of the 200 random sets three of five are tried on nftables, and one of five on each back end of iptables, all three beside each
 * other; they are the same each time, lest a run fails for what it does not change. {@code -Dcanal.random.seed=N} tries set N alone, on
 * all three; {@code -Dcanal.packets.sets=N} tries so many; {@code -Dcanal.random.fresh=true} new ones.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
@Tag("alone")
class RealPacketsIT {

    /** Every sixth of 254. */
    private static final int EVERY = 6;
    /** Felix errs there: the third list of several members in a rule restricts nothing. */
    private static final List<String> ERRORS_OF_FELIX = List.of("edge-022", "edge-075");
    private static final int SETS = Integer.getInteger("canal.packets.sets", 200);
    private static final int FLOWS = 40;
    /** Whose the random sets are, one after the other; five apart, so that each dataplane gets sets with host endpoints and without. */
    private static final List<Backend> TURNS = List.of(Backend.NFTABLES, Backend.NFTABLES, Backend.IPTABLES_NFT, Backend.IPTABLES_LEGACY, Backend.NFTABLES);
    private static final int TOLD = 8;

    private final Map<Backend, PolicyScene> scenes = new EnumMap<>(Backend.class);
    private final ExecutorService threads = Executors.newFixedThreadPool(Backend.values().length);

    RealPacketsIT(@TempDir Path folder) {
        for (Backend backend : Backend.values()) {
            scenes.put(backend, new PolicyScene(backend, folder.resolve(backend.name())));
        }
    }

    @BeforeAll
    void start() {
        // One after the other: an agent's start is the time at which a machine has most to do.
        scenes.values().forEach(PolicyScene::start);
    }

    @AfterAll
    void stop() {
        threads.shutdownNow();
        scenes.values().forEach(PolicyScene::close);
    }

    /** What is asked of one dataplane; gives the differences. */
    private interface Trial {
        List<String> run(Backend backend, PolicyScene scene) throws Exception;
    }

    private void onEach(Trial trial) throws Exception {
        Map<Backend, Future<List<String>>> running = new EnumMap<>(Backend.class);
        scenes.forEach((backend, scene) -> running.put(backend, threads.submit(() -> trial.run(backend, scene))));
        List<String> differences = new ArrayList<>();
        for (Map.Entry<Backend, Future<List<String>>> each : running.entrySet()) {
            each.getValue().get().forEach(difference -> differences.add(each.getKey() + " " + difference));
        }
        differences.forEach(System.out::println);
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 3 * TOLD)), () -> differences.size() + " differ");
    }

    /** Of the sets that real Felix was measured with every sixth, with all of its flows; on iptables-legacy a third of them. */
    @Test
    void packets_do_what_they_did_with_felix() throws Exception {
        List<VerdictSet> all = VerdictSet.load("edge", "hep", "knp", "core").filter(set -> !ERRORS_OF_FELIX.contains(set.id())).toList();
        List<VerdictSet> sample = new ArrayList<>();
        for (int i = 0; i < all.size(); i += EVERY) {
            sample.add(all.get(i));
        }
        assertTrue(sample.size() >= 40, sample.size() + " sets");
        onEach((backend, scene) -> {
            List<String> differences = new ArrayList<>();
            for (int i = 0; i < sample.size(); i += backend == Backend.IPTABLES_LEGACY ? 3 : 1) {
                VerdictSet set = sample.get(i);
                Map<Passage, Boolean> expected = new LinkedHashMap<>();
                set.asked().forEach(asked -> expected.put(asked.request(), asked.through().values().iterator().next()));
                scene.pods(set.resources());
                scene.hold(set.resources(), set.node().toHost());
                compare(scene, expected, request -> "the kernel's rules " + scene.kernel(request)).forEach(difference -> differences.add(set + ": " + difference));
            }
            return differences;
        });
    }

    @Test
    void packets_do_what_the_policies_say_whatever_they_say() throws Exception {
        Long one = Long.getLong("canal.random.seed");
        long first = one != null ? one : Chance.fresh(0);
        int count = one == null ? SETS : 1;
        System.out.println("random sets with real packets: " + count + ", from seed " + first);
        onEach((backend, scene) -> {
            List<String> differences = new ArrayList<>();
            for (int i = 0; i < count && differences.size() < TOLD; i++) {
                if (one == null && TURNS.get(i % TURNS.size()) != backend) {
                    continue;
                }
                long seed = first + i;
                RandomSet set = RandomSet.of(seed, seed % 4 < 2, FLOWS);
                scene.pods(set.resources());
                scene.hold(set.resources(), set.node().toHost());
                differences.addAll(compare(scene, set));
            }
            return differences;
        });
    }

    /** The check can fail: without the last policy of a set, packets of some sets tell. */
    @Test
    void a_policy_that_is_not_put_is_noticed() throws Exception {
        PolicyScene scene = scenes.get(Backend.NFTABLES);
        int noticed = 0;
        for (long seed = 0; seed < 12; seed++) {
            RandomSet set = RandomSet.of(seed, false, FLOWS);
            List<Resource> fewer = new ArrayList<>(set.resources());
            fewer.removeLast();
            scene.pods(fewer);
            scene.hold(fewer, set.node().toHost());
            noticed += compare(scene, set).isEmpty() ? 0 : 1;
        }
        assertTrue(noticed > 1, noticed + " of 12");
    }

    private static Evaluator evaluator(RandomSet set) {
        return new Evaluator(io.canal.policy.reference.PolicyTables.of(set.resources(), problem -> {
            throw new AssertionError(set + ": " + problem.sentence());
        }), set.node());
    }

    /** What the policies say of each flow. One translation a port: what a service proxy would do with two is its own affair. */
    private static Map<Passage, Exchange> said(RandomSet set) {
        Evaluator evaluator = evaluator(set);
        Map<List<Object>, List<Object>> translations = new HashMap<>();
        Map<Passage, Exchange> said = new LinkedHashMap<>();
        for (Passage request : set.requests()) {
            List<Object> dialled = List.of(request.arriving().destination(), request.arriving().protocol(), request.arriving().destinationPort());
            List<Object> served = List.of(request.flow().destination(), request.flow().destinationPort());
            if (translations.computeIfAbsent(dialled, first -> served).equals(served)) {
                said.put(request, evaluator.exchange(request));
            }
        }
        return said;
    }

    /** Of those without an answer it is seen that they arrive. */
    private static boolean through(Passage request, Exchange said) {
        return Set.of(1, 6, 17, 58).contains(request.arriving().protocol()) ? said.allowed() : said.request().allowed();
    }

    /** Where packets do another thing than the policies say: the flow, the walk, the kernel's own rules, and behind them the whole set. */
    private static List<String> compare(PolicyScene scene, RandomSet set) throws Exception {
        Map<Passage, Exchange> said = said(set);
        Map<Passage, Boolean> expected = new LinkedHashMap<>();
        said.forEach((request, exchange) -> expected.put(request, through(request, exchange)));
        List<String> differences = compare(scene, expected, request -> "the policies say " + said.get(request) + ", the kernel's rules " + scene.kernel(request));
        List<String> told = new ArrayList<>();
        differences.forEach(difference -> told.add("-Dcanal.random.seed=" + set.seed() + ": " + difference));
        if (!told.isEmpty()) {
            told.set(0, told.getFirst() + "\nto host: " + set.node().toHost() + "\n"
                    + set.resources().stream().map(resource -> Json.compact(resource.json())).collect(Collectors.joining("\n")) + "\n");
        }
        return told;
    }

    private static List<String> compare(PolicyScene scene, Map<Passage, Boolean> expected, Function<Passage, String> more) throws Exception {
        Set<Passage> through = scene.through(List.copyOf(expected.keySet()), passage -> expected.getOrDefault(passage, false));
        return expected.entrySet().stream().filter(each -> through.contains(each.getKey()) != each.getValue()).sorted(Comparator.comparing(each -> each.getKey().toString()))
                .limit(3).map(each -> each.getKey() + (each.getValue() ? " is lost; " : " comes through; ") + more.apply(each.getKey())).toList();
    }
}
