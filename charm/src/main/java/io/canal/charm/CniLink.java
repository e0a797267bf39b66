package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.model.NodePaths;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The relation to the application whose kubelet we serve (interface {@code kubernetes-cni}).
 *
 * <p>Only our own principal's unit counts: since Juju 4 a subordinate sees every principal unit of the model.
 */
record CniLink(HookContext context, Juju juju, NodePaths node) {

    private static final String USUAL_KUBECONFIG = "root/cdk/kubeconfig";

    /** The relations with our principal's application; normally one. */
    List<String> relations() {
        List<String> all = juju.relationIds("cni");
        if (all.size() < 2) {
            return all;
        }
        List<String> ours = new ArrayList<>();
        for (String relation : all) {
            if (juju.relationUnits(relation).stream().anyMatch(context::isPrincipal)) {
                ours.add(relation);
            }
        }
        return ours;
    }

    /** The kubeconfig for the CNI configuration, where there is one: principals all have it in one place, and those of before 2021 name it. */
    String kubeconfig(List<String> relations) {
        if (Files.exists(node.at(USUAL_KUBECONFIG))) {
            return "/" + USUAL_KUBECONFIG;
        }
        Optional<String> principal = context.principal();
        if (principal.isPresent()) {
            for (String relation : relations) {
                String named = juju.relationData(relation, principal.get()).getOrDefault("kubeconfig_path", "");
                if (named.startsWith("/")) {
                    return named;
                }
            }
        }
        return "";
    }

    /** Tells the principal the pods' network and the file's name, unless it knows. */
    void publish(List<String> relations, String network) {
        Map<String, String> values = Map.of("cidr", network, "cni-conf-file", String.valueOf(node.conflist().getFileName()));
        for (String relation : relations) {
            Map<String, String> published = juju.relationData(relation, context.unit());
            if (!published.entrySet().containsAll(values.entrySet())) {
                juju.publish(relation, values);
            }
        }
    }
}
