package io.canal.policy;

import io.canal.model.Decoded.Good;
import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.Profile;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.WorkloadEndpoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What stands in for a profile that pods name and etcd does not have; nothing of it is written to etcd.
 *
 * <p>A pod with a profile that does not exist is cut off. The profile of a plain CNI network is made by the first pod's ADD and comes
 * back from etcd a moment later. Those of namespaces and service accounts are made by Calico's controllers for Kubernetes; where these
 * have never run, nobody would, so a namespace allows what Kubernetes allows without policies, and has the labels that its name gives.
 */
public final class StandInProfile {

    private static final String NAMESPACE = "kns.";
    private static final String SERVICE_ACCOUNT = "ksa.";
    private static final String CNI = "cni";
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9_./-]{1,512}");

    private StandInProfile() {}

    /** Whether Calico's controllers for Kubernetes, where they run, make the profile of this name. */
    public static boolean ofKubernetes(String name) {
        return name.startsWith(NAMESPACE) || name.startsWith(SERVICE_ACCOUNT);
    }

    /** Empty where nothing stands in for it. */
    public static Optional<Profile> of(String name, Map<String, String> podLabels) {
        if (name.isEmpty() || name.indexOf('/') >= 0) {
            // No key can have that name, so there is no such profile, and never will be.
            return Optional.empty();
        }
        List<PolicyRule> allow = List.of(PolicyRule.all(RuleAction.ALLOW));
        if (CNI.equals(podLabels.get(WorkloadEndpoint.ORCHESTRATOR_LABEL))) {
            // Its rule names the network as a label: another name would be none, or say more than that.
            return LABEL.matcher(name).matches() && Profile.of(Profile.ofNetwork(name)).then(profile -> Scoping.of(profile).map(_ -> profile))
                    instanceof Good<Profile>(Profile profile) ? Optional.of(profile) : Optional.empty();
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
