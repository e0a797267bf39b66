package io.canal.ctl;

import io.canal.model.calico.Kind;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What users call the kinds: their names, plurals and short names, in any case. */
final class KindNames {

    private static final Map<Kind, List<String>> SHORT = Map.ofEntries(
            Map.entry(Kind.BGP_CONFIGURATION, List.of("bgpconfig", "bgpconfigs")),
            Map.entry(Kind.BGP_FILTER, List.of("bgpf", "bf")),
            Map.entry(Kind.BGP_PEER, List.of("bgpp", "bp")),
            Map.entry(Kind.CLUSTER_INFORMATION, List.of("clusterinfo", "clusterinfos")),
            Map.entry(Kind.FELIX_CONFIGURATION, List.of("felixconfig", "felixconfigs")),
            Map.entry(Kind.GLOBAL_NETWORK_POLICY, List.of("gnp", "gnps")),
            Map.entry(Kind.GLOBAL_NETWORK_SET, List.of("gnetset", "gnetsets")),
            Map.entry(Kind.HOST_ENDPOINT, List.of("hep", "heps")),
            Map.entry(Kind.IP_POOL, List.of("ipp", "ipps", "pool", "pools")),
            Map.entry(Kind.IP_RESERVATION, List.of("reservation", "reservations")),
            Map.entry(Kind.KUBE_CONTROLLERS_CONFIGURATION, List.of("kubecontrollersconfig", "kubecontrollersconfigs")),
            Map.entry(Kind.NETWORK_POLICY, List.of("policy", "np", "policies", "pol", "pols", "nps")),
            Map.entry(Kind.NETWORK_SET, List.of("netset", "netsets")),
            Map.entry(Kind.NODE, List.of("no", "nos")),
            Map.entry(Kind.PROFILE, List.of("pro", "pros")),
            Map.entry(Kind.STAGED_GLOBAL_NETWORK_POLICY, List.of("sgnp", "sgnps")),
            Map.entry(Kind.STAGED_NETWORK_POLICY, List.of("snp", "snps", "spol", "spols")),
            Map.entry(Kind.STAGED_KUBERNETES_NETWORK_POLICY, List.of("sknp", "sknps", "skpol", "skpols")),
            Map.entry(Kind.TIER, List.of()),
            Map.entry(Kind.WORKLOAD_ENDPOINT, List.of("wep", "weps")));

    private static final Map<String, Kind> BY_NAME = new HashMap<>();
    private static final Map<String, Kind> BY_TITLE = new HashMap<>();

    static {
        SHORT.forEach((kind, words) -> {
            BY_TITLE.put(kind.title(), kind);
            BY_NAME.put(kind.title().toLowerCase(Locale.ROOT), kind);
            BY_NAME.put(kind.plural(), kind);
            words.forEach(word -> BY_NAME.put(word, kind));
        });
    }

    private KindNames() {}

    /** The kind that a word on the command line means. */
    static Kind of(String word) throws Refused {
        Kind kind = BY_NAME.get(word.toLowerCase(Locale.ROOT));
        if (kind == null) {
            throw new Refused("resource type '" + word + "' is not supported");
        }
        return kind;
    }

    /** The kind of a document. */
    static Kind ofDocument(String title, String apiVersion) throws Refused {
        Kind kind = apiVersion.equals("projectcalico.org/v3") ? BY_TITLE.get(title) : null;
        if (kind == null) {
            throw new Refused("unknown resource type (" + title + ") and/or version (" + apiVersion + ")");
        }
        return kind;
    }
}
