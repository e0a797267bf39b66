package io.canal.agent;

import io.canal.model.calico.Profile;
import io.canal.policy.StandInProfile;
import io.canal.policy.calc.PolicyCalculator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which profiles the calculation has: those of etcd, and what stands in for others that pods name. */
final class StandInProfiles {

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

    /** It is in etcd, but nobody can say what it is: nothing stands in for it, and who names it is cut off. */
    void unreadable(String name) {
        if (real.add(name)) {
            calculator.remove(Profile.key(name));
        }
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
                StandInProfile.of(name, labels).ifPresent(profile -> {
                    candidates.put(name, profile);
                    standIn(profile);
                });
            }
        }
    }

    /** A pod that had these profiles is gone, or has them no more; the calculation knows it already. */
    void unnamed(List<String> profiles) {
        for (String name : profiles) {
            if (!calculator.isNamed(name) && candidates.remove(name) != null && !real.contains(name)) {
                calculator.remove(Profile.key(name));
            }
        }
    }

    Set<String> candidates() {
        return Set.copyOf(candidates.keySet());
    }

    private void standIn(Profile profile) {
        if (!real.contains(profile.name()) && !(controllers && StandInProfile.ofKubernetes(profile.name()))) {
            calculator.put(profile);
        }
    }
}
