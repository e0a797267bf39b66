package io.canal.model.calico;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded.Good;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.Scan.Unusual;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads pods' endpoints and policies as they usually are, which a start on a large cluster has ten thousands of. Where it gives
 * anything it is what {@link WorkloadEndpoint#of} and {@link Policy#of} say of the same text; where it gives nothing it is for those to
 * read the text, or to say what is wrong with it.
 */
public final class Usual {

    private static final Set<Direction> BOTH = Set.of(Direction.INGRESS, Direction.EGRESS);
    private static final Set<Direction> INGRESS = Set.of(Direction.INGRESS);
    private static final Set<Direction> EGRESS = Set.of(Direction.EGRESS);

    private final ResourceKey key;
    private final Scan scan;
    private final KnownTexts known;
    private Map<String, String> labels = Map.of();
    private int seen;

    /**
     * A pod's endpoint without ports, limits and further addresses.
     *
     * @param labels as they are written
     */
    public record Pod(String node, String interfaceName, String containerId, String serviceAccount, Map<String, String> labels, List<String> profiles, List<Ip> addresses) {}

    private Usual(ResourceKey key, String text, KnownTexts known) {
        this.key = key;
        this.known = known;
        this.scan = new Scan(text, known);
    }

    /** The endpoint; null where it is not a usual one. */
    public static @Nullable Pod pod(ResourceKey key, String text, KnownTexts known) {
        try {
            return new Usual(key, text, known).pod();
        } catch (Unusual unusual) {
            return null;
        }
    }

    /** The policy; null where it is not a usual one. */
    public static @Nullable Policy policy(ResourceKey key, String text, KnownTexts known) {
        try {
            return new Usual(key, text, known).policy();
        } catch (Unusual unusual) {
            return null;
        }
    }

    private interface Body<T> {
        T read() throws Unusual;
    }

    /** The whole object, of which the spec is read by {@code body}. */
    private <T> T resource(Body<T> body) throws Unusual {
        T read = null;
        int before = 0;
        for (String field = scan.firstField(); field != null; field = scan.nextField()) {
            switch (field) {
                case "kind" -> {
                    before = once(before, 1);
                    scan.text(key.kind().title());
                }
                case "metadata" -> {
                    before = once(before, 2);
                    metadata();
                }
                case "spec" -> {
                    if ((before & 2) == 0) {
                        // The body takes the labels along.
                        throw Scan.unusual();
                    }
                    before = once(before, 4);
                    read = body.read();
                }
                default -> scan.skip();
            }
        }
        scan.end();
        if (read == null || before != 7) {
            throw Scan.unusual();
        }
        return read;
    }

    private void metadata() throws Unusual {
        int before = 0;
        for (String field = scan.firstField(); field != null; field = scan.nextField()) {
            switch (field) {
                case "name" -> {
                    before = once(before, 1);
                    scan.text(key.name());
                }
                case "labels" -> {
                    before = once(before, 2);
                    labels = labels();
                }
                case "annotations" -> {
                    before = once(before, 4);
                    for (String annotation = scan.firstField(); annotation != null; annotation = scan.nextField()) {
                        scan.text();
                    }
                }
                default -> scan.skip();
            }
        }
        if ((before & 1) == 0) {
            throw Scan.unusual();
        }
    }

    private static int once(int before, int bit) throws Unusual {
        if ((before & bit) != 0) {
            throw Scan.unusual();
        }
        return before | bit;
    }

    private void once(int bit) throws Unusual {
        seen = once(seen, bit);
    }

    private Map<String, String> labels() throws Unusual {
        int from = scan.here();
        int hash = scan.hash();
        int to = scan.here();
        Map<String, String> before = known.labels().get(scan.bytes(), from, to, hash);
        if (before != null) {
            return before;
        }
        scan.back(from);
        Map<String, String> read = new HashMap<>();
        for (String label = scan.firstField(); label != null; label = scan.nextField()) {
            read.put(label, scan.text());
        }
        Map<String, String> now = Map.copyOf(read);
        known.labels().put(scan.bytes(), from, to, hash, now);
        return now;
    }

    private List<String> texts() throws Unusual {
        int from = scan.here();
        int hash = scan.hash();
        int to = scan.here();
        List<String> before = known.lists().get(scan.bytes(), from, to, hash);
        if (before != null) {
            return before;
        }
        scan.back(from);
        List<String> read = new ArrayList<>();
        for (boolean more = scan.firstElement(); more; more = scan.nextElement()) {
            read.add(scan.text());
        }
        List<String> now = List.copyOf(read);
        known.lists().put(scan.bytes(), from, to, hash, now);
        return now;
    }

    private Pod pod() throws Unusual {
        return resource(() -> {
            String node = "";
            String interfaceName = "";
            String containerId = "";
            String serviceAccount = "";
            List<String> profiles = List.of();
            List<Ip> addresses = List.of();
            for (String field = scan.firstField(); field != null; field = scan.nextField()) {
                switch (field) {
                    case "node" -> {
                        once(1);
                        node = scan.text();
                    }
                    case "interfaceName" -> {
                        once(2);
                        interfaceName = scan.text();
                    }
                    case "containerID" -> {
                        once(4);
                        containerId = scan.text();
                    }
                    case "serviceAccountName" -> {
                        once(8);
                        serviceAccount = scan.text();
                    }
                    case "profiles" -> {
                        once(16);
                        profiles = texts();
                    }
                    case "ipNetworks" -> {
                        once(32);
                        addresses = addresses();
                    }
                    case "mac" -> {
                        once(64);
                        scan.mac();
                    }
                    case "orchestrator", "pod", "endpoint" -> scan.skipText();
                    // What else there may be counts, or may count one day.
                    default -> throw Scan.unusual();
                }
            }
            return new Pod(node, interfaceName, containerId, serviceAccount, labels, profiles, addresses);
        });
    }

    private List<Ip> addresses() throws Unusual {
        if (!scan.firstElement()) {
            return List.of();
        }
        Ip first = scan.hostV4();
        if (scan.nextElement()) {
            throw Scan.unusual();
        }
        return List.of(first);
    }

    private Policy policy() throws Unusual {
        boolean global = switch (key.kind()) {
            case NETWORK_POLICY -> false;
            case GLOBAL_NETWORK_POLICY -> true;
            default -> throw Scan.unusual();
        };
        return resource(() -> policy(global));
    }

    private Policy policy(boolean global) throws Unusual {
        String tier = "";
        double order = Double.POSITIVE_INFINITY;
        String selector = "";
        String namespaceSelector = "";
        String accountSelector = "";
        Set<Direction> types = BOTH;
        List<PolicyRule> ingress = List.of();
        List<PolicyRule> egress = List.of();
        boolean preDnat = false;
        boolean untracked = false;
        boolean onForward = false;
        boolean everywhere = false;
        for (String field = scan.firstField(); field != null; field = scan.nextField()) {
            switch (field) {
                case "tier" -> {
                    once(1);
                    tier = scan.text();
                }
                case "order" -> {
                    once(2);
                    order = scan.number();
                }
                case "selector" -> {
                    once(4);
                    selector = scan.text();
                }
                case "serviceAccountSelector" -> {
                    once(8);
                    accountSelector = scan.text();
                }
                case "types" -> {
                    once(16);
                    types = types();
                }
                case "ingress" -> {
                    once(32);
                    ingress = rules();
                }
                case "egress" -> {
                    once(64);
                    egress = rules();
                }
                case "performanceHints" -> {
                    once(128);
                    everywhere = texts().contains("AssumeNeededOnEveryNode");
                }
                case "namespaceSelector" -> {
                    only(global, 256);
                    namespaceSelector = scan.text();
                }
                case "preDNAT" -> {
                    only(global, 512);
                    preDnat = scan.flag();
                }
                case "doNotTrack" -> {
                    only(global, 1024);
                    untracked = scan.flag();
                }
                case "applyOnForward" -> {
                    only(global, 2048);
                    onForward = scan.flag();
                }
                default -> throw Scan.unusual();
            }
        }
        return new Policy(key, tier.isEmpty() ? Policy.DEFAULT_TIER : tier, order, selector, namespaceSelector, accountSelector, types, ingress, egress, preDnat, untracked,
                onForward, Optional.empty(), everywhere, List.of());
    }

    private void only(boolean global, int bit) throws Unusual {
        if (!global) {
            throw Scan.unusual();
        }
        once(bit);
    }

    private Set<Direction> types() throws Unusual {
        int types = 0;
        for (boolean more = scan.firstElement(); more; more = scan.nextElement()) {
            types |= switch (scan.text()) {
                case "Ingress" -> 1;
                case "Egress" -> 2;
                default -> throw Scan.unusual();
            };
        }
        return types == 1 ? INGRESS : types == 2 ? EGRESS : BOTH;
    }

    private List<PolicyRule> rules() throws Unusual {
        List<PolicyRule> rules = new ArrayList<>();
        for (boolean more = scan.firstElement(); more; more = scan.nextElement()) {
            rules.add(rule());
        }
        return rules;
    }

    private PolicyRule rule() throws Unusual {
        int from = scan.here();
        int hash = scan.hash();
        int to = scan.here();
        PolicyRule before = known.rules().get(scan.bytes(), from, to, hash);
        if (before != null) {
            return before;
        }
        if (Json.object(key::path, scan.text(from), known::word) instanceof Good<ObjectNode>(ObjectNode json)) {
            Optional<PolicyRule> now = RuleReading.good(key, json);
            if (now.isPresent()) {
                known.rules().put(scan.bytes(), from, to, hash, now.get());
                return now.get();
            }
        }
        throw Scan.unusual();
    }
}
