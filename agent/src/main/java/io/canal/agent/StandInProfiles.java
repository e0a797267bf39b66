package io.canal.agent;

import io.canal.model.Decoded.Good;
import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.Profile;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.calc.PolicyCalculator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What stands in for profiles that pods name and etcd does not have yet; nothing of it is written to etcd.
 *
 * <p>A pod with a profile that does not exist is cut off. The profile of a plain CNI network is made by the first pod's ADD and comes
 * back from etcd a moment later. Those of namespaces and service accounts are made by Calico's controllers for Kubernetes; where these
 * have never run, nobody would, so a namespace allows what Kubernetes allows without policies, and has the labels that its name gives.
 */
final class StandInProfiles {

    private static final String NAMESPACE = "kns.";
    private static final String SERVICE_ACCOUNT = "ksa.";
    private static final String CNI = "cni";

    private final PolicyCalculator calculator;
    private final Set<String> real = new HashSet<>();
    /** What stands in, or would, by name. */
    private final Map<String, Profile> candidates = new HashMap<>();
    private boolean controllers;

    StandInProfiles(PolicyCalculator calculator) {
        this.calculator = calculator;
    }

    void put(Profile profile) {
        real.add(profile.name());
        calculator.put(profile);
    }

    void remove(String name) {
        real.remove(name);
        calculator.remove(Profile.key(name));
        Optional.ofNullable(candidates.get(name)).ifPresent(this::standIn);
    }

    /** Whether Calico's controllers for Kubernetes have run in this cluster. */
    void controllers(boolean now) {
        controllers = now;
        candidates.values().stream().filter(profile -> !real.contains(profile.name())).forEach(profile -> {
            calculator.remove(Profile.key(profile.name()));
            standIn(profile);
        });
    }

    /** A pod has these profiles. */
    void named(List<String> profiles, Map<String, String> labels) {
        for (String name : profiles) {
            if (!candidates.containsKey(name)) {
                of(name, labels).ifPresent(profile -> {
                    candidates.put(name, profile);
                    standIn(profile);
                });
            }
        }
    }

    private void standIn(Profile profile) {
        boolean ofKubernetes = profile.name().startsWith(NAMESPACE) || profile.name().startsWith(SERVICE_ACCOUNT);
        if (!real.contains(profile.name()) && !(ofKubernetes && controllers)) {
            calculator.put(profile);
        }
    }

    private static Optional<Profile> of(String name, Map<String, String> labels) {
        List<PolicyRule> allow = List.of(PolicyRule.all(RuleAction.ALLOW));
        if (CNI.equals(labels.get(WorkloadEndpoint.ORCHESTRATOR_LABEL))) {
            return Profile.of(Profile.ofNetwork(name)) instanceof Good<Profile>(Profile profile) ? Optional.of(profile) : Optional.empty();
        }
        SortedMap<String, String> given = new TreeMap<>();
        if (name.startsWith(NAMESPACE)) {
            String namespace = name.substring(NAMESPACE.length());
            given.put("pcns.projectcalico.org/name", namespace);
            given.put("pcns.kubernetes.io/metadata.name", namespace);
            return Optional.of(new Profile(name, given, allow, allow, List.of()));
        }
        if (name.startsWith(SERVICE_ACCOUNT)) {
            given.put("pcsa.projectcalico.org/name", name.substring(name.indexOf('.', SERVICE_ACCOUNT.length()) + 1));
            return Optional.of(new Profile(name, given, List.of(), List.of(), List.of()));
        }
        return Optional.empty();
    }
}
