package io.canal.charm;

import io.canal.juju.Juju;
import io.canal.model.Problem;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the relation to etcd gives us (interface {@code etcd}: every unit of etcd publishes the whole). */
sealed interface EtcdLink {

    /** There is no relation. */
    record Absent() implements EtcdLink {}

    /** There is one, but no unit has published everything yet. */
    record Incomplete() implements EtcdLink {}

    /** A unit has published something that cannot be used. */
    record Unusable(Problem problem) implements EtcdLink {}

    /** Where etcd is, and with what to speak to it. The three texts are PEM; {@code relation} is the id of the relation. */
    record Ready(String relation, List<String> endpoints, String ca, String cert, String key) implements EtcdLink {

        @Override
        public String toString() {
            return "etcd at " + String.join(",", endpoints);
        }
    }

    /**
     * Reads the relation. The first unit by name that has published everything is believed, so that the choice is the same in
     * every hook while etcd's certificates are being replaced unit by unit.
     *
     * @param broken a relation that is just breaking and is not to be counted
     */
    static EtcdLink read(Juju juju, Optional<String> broken) {
        List<String> relations = new ArrayList<>(juju.relationIds("etcd"));
        broken.ifPresent(relations::remove);
        if (relations.isEmpty()) {
            return new Absent();
        }
        Collections.sort(relations);
        for (String relation : relations) {
            for (String unit : juju.relationUnits(relation).stream().sorted().toList()) {
                Map<String, String> bag = juju.relationData(relation, unit);
                if (isComplete(bag)) {
                    return of(relation, unit, bag);
                }
            }
        }
        return new Incomplete();
    }

    private static boolean isComplete(Map<String, String> bag) {
        return List.of("connection_string", "client_ca", "client_cert", "client_key").stream()
                .allMatch(key -> !bag.getOrDefault(key, "").isBlank());
    }

    private static EtcdLink of(String relation, String unit, Map<String, String> bag) {
        String text = value(bag, "connection_string");
        List<String> endpoints = List.of(text.split(",", -1)).stream().map(String::strip).toList();
        if (!endpoints.stream().allMatch(EtcdLink::isEndpoint)) {
            return new Unusable(new Problem("relation etcd, " + unit, "connection_string", text,
                    "addresses such as https://10.0.0.1:2379, joined by commas"));
        }
        for (String key : List.of("client_ca", "client_cert", "client_key")) {
            if (!value(bag, key).contains("-----BEGIN ")) {
                // The value itself is not shown: it may be a key.
                return new Unusable(new Problem("relation etcd, " + unit, key, "(not shown)", "a PEM text"));
            }
        }
        return new Ready(relation, endpoints, pem(bag, "client_ca"), pem(bag, "client_cert"), pem(bag, "client_key"));
    }

    private static boolean isEndpoint(String text) {
        try {
            URI uri = new URI(text);
            return ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme())) && uri.getHost() != null && uri.getPort() > 0;
        } catch (URISyntaxException malformed) {
            return false;
        }
    }

    private static String pem(Map<String, String> bag, String key) {
        return value(bag, key).strip() + "\n";
    }

    private static String value(Map<String, String> bag, String key) {
        return bag.getOrDefault(key, "");
    }
}
