package io.canal.policy.calc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip.Family;
import io.canal.model.calico.EndpointPort;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.policy.AddressSet;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.selector.Selector;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Random clusters that change at random, against a calculation that looks at everything each time and knows no index. */
class RandomCalculationTest {

    private static final List<String> SELECTORS = List.of("all()", "a == 'a1'", "a == 'a2'", "b in {'b1', 'b2'}", "has(b)", "!has(b)", "a != 'a1'", "a == 'a1' && b == 'b1'",
            "a == 'a1' || b == 'b2'", "t == 'x'", "has(t) && a not in {'a2'}", "b starts with 'b'", "a == 'a3' && a == 'a1'");
    private static final int ROUNDS = 5;
    private static final int CHANGES = 80;

    @Test
    void random_changes_lead_to_what_a_calculation_of_everything_gives() {
        for (int round = 0; round < ROUNDS; round++) {
            run(Long.getLong("canal.seed", 4711) + round);
        }
    }

    private void run(long seed) {
        Random random = new Random(seed);
        PolicyCalculator calculator = StateSequenceTest.calculator();
        Told told = new Told();
        State state = State.EMPTY;
        for (int i = 0; i < CHANGES; i++) {
            State next = state;
            for (int many = random.nextInt(4); many >= 0; many--) {
                next = change(next, random);
            }
            state.toward(next, random.nextBoolean(), calculator, () -> { });
            calculator.flush(told);
            state = next;
            String when = "seed " + seed + " change " + i;
            assertEquals(sets(state, told), told.sets.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)), when);
            assertEquals(policies(state), selected(told), when);
        }
    }

    /** The members of each set, by looking at everything; of which sets there should be, those that the rules told name. */
    private static Map<AddressSet, Set<Member>> sets(State state, Told told) {
        Map<AddressSet, Set<Member>> all = new HashMap<>();
        Map<String, Selector> selectors = new HashMap<>();
        SELECTORS.forEach(text -> selectors.put(new AddressSet(Selector.of(text).id(), NamedSet.Kind.NET).id(), Selector.of(text)));
        Set<AddressSet> named = new HashSet<>();
        told.policies.values().forEach(policy -> Stream.concat(policy.ingress().stream(), policy.egress().stream())
                .flatMap(rule -> Stream.of(rule.source(), rule.destination()))
                .forEach(end -> {
                    named.addAll(end.sets());
                    named.addAll(end.notSets());
                    named.addAll(end.namedPorts());
                }));
        for (AddressSet set : named) {
            Set<Member> members = new HashSet<>();
            boolean ports = set.kind() == NamedSet.Kind.ADDRESS_PORT;
            state.objects().forEach((key, object) -> {
                if (object instanceof Workload pod) {
                    if (ports) {
                        pod.labelled().ports().stream().filter(port -> port.name().equals("web") && port.protocol().number() == 6)
                                .forEach(port -> pod.labelled().nets().forEach(net -> members.add(new Member(net, 6, port.port()))));
                    } else if (selectors.get(set.id()).matches(labels(state, pod.labelled().labels(), pod.labelled().profiles()))) {
                        pod.labelled().nets().forEach(net -> members.add(Member.of(net)));
                    }
                } else if (!ports && object instanceof NetworkSet nets && selectors.get(set.id()).matches(nets.labels())) {
                    nets.nets().forEach(net -> members.add(Member.of(net)));
                }
            });
            boolean blocks = members.stream().anyMatch(member -> member.net().length() < (member.net().family() == Family.V4 ? 32 : 128));
            assertEquals(ports ? NamedSet.Kind.ADDRESS_PORT : blocks ? NamedSet.Kind.NET : NamedSet.Kind.ADDRESS, set.kind());
            all.put(set, members);
        }
        return all;
    }

    private static Map<EndpointId, Set<PolicyId>> policies(State state) {
        Map<EndpointId, Set<PolicyId>> all = new HashMap<>();
        state.objects().forEach((key, object) -> {
            if (object instanceof Workload pod && !pod.interfaceName().isEmpty()) {
                Set<PolicyId> mine = new HashSet<>();
                state.objects().values().forEach(other -> {
                    if (other instanceof Policy policy && Selector.of(policy.selector()).matches(labels(state, pod.labelled().labels(), pod.labelled().profiles()))) {
                        mine.add(new PolicyId(policy.key().kind(), policy.key().namespace(), policy.key().name()));
                    }
                });
                all.put(new EndpointId.Workload(pod.interfaceName()), mine);
            }
        });
        return all;
    }

    private static Map<EndpointId, Set<PolicyId>> selected(Told told) {
        return told.endpoints.values().stream().collect(Collectors.toMap(EndpointPolicies::id, endpoint -> endpoint.tiers().stream()
                .flatMap(tier -> Stream.concat(tier.ingress().stream(), tier.egress().stream())).collect(Collectors.toSet())));
    }

    private static Map<String, String> labels(State state, Map<String, String> own, List<String> profiles) {
        Map<String, String> all = new HashMap<>();
        profiles.reversed().forEach(name -> {
            if (state.objects().get(Profile.key(name)) instanceof Profile profile) {
                all.putAll(profile.labelsToApply());
            }
        });
        all.putAll(own);
        return all;
    }

    private static State change(State state, Random random) {
        if (random.nextInt(4) == 0 && !state.objects().isEmpty()) {
            return state.without(List.copyOf(state.objects().keySet()).get(random.nextInt(state.objects().size())));
        }
        int n = random.nextInt(6);
        return switch (random.nextInt(7)) {
            case 0, 1, 2 -> {
                List<EndpointPort> ports = random.nextBoolean() ? List.of(State.port("web", random.nextBoolean() ? "tcp" : "udp", 80 + random.nextInt(2))) : List.of();
                List<String> profiles = random.nextBoolean() ? List.of("p1", "p2") : List.of("p2");
                yield state.pod("pod" + n, State.workload(n < 3 ? "cali" + n : "", labels(random), profiles, ports,
                        "10.0.0." + random.nextInt(5), "fd00::" + random.nextInt(3)));
            }
            case 3 -> state.nets("nets" + n, labels(random), "10.0.0." + random.nextInt(3) + "/32", random.nextBoolean() ? "10.1.0.0/16" : "10.0.0.4/32");
            case 4 -> state.profile("p" + (1 + random.nextInt(2)), "{`labelsToApply`:{`t`:`" + (random.nextBoolean() ? "x" : "y") + "`}}");
            default -> state.policy("policy" + n, policy(random));
        };
    }

    private static String policy(Random random) {
        List<String> rules = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            String selector = SELECTORS.get(random.nextInt(SELECTORS.size()));
            rules.add(switch (random.nextInt(3)) {
                case 0 -> "{`action`:`Allow`,`source`:{`selector`:`" + selector + "`}}";
                case 1 -> "{`action`:`Deny`,`destination`:{`notSelector`:`" + selector + "`}}";
                default -> "{`action`:`Allow`,`protocol`:`TCP`,`destination`:{`ports`:[`web`]}}";
            });
        }
        return "{`selector`:`" + SELECTORS.get(random.nextInt(SELECTORS.size())) + "`,`order`:" + random.nextInt(3) + ",`ingress`:[" + String.join(",", rules) + "]}";
    }

    private static Map<String, String> labels(Random random) {
        Map<String, String> labels = new HashMap<>();
        if (random.nextInt(4) > 0) {
            labels.put("a", "a" + (1 + random.nextInt(3)));
        }
        if (random.nextBoolean()) {
            labels.put("b", "b" + (1 + random.nextInt(3)));
        }
        return labels;
    }
}
