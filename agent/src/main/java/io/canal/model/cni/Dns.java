package io.canal.model.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * How a pod shall look names up, for the runtime to act on.
 *
 * @param domain empty for none
 */
public record Dns(List<String> nameservers, String domain, List<String> search, List<String> options) {

    public static final Dns NONE = new Dns(List.of(), "", List.of(), List.of());

    public Dns {
        nameservers = List.copyOf(nameservers);
        search = List.copyOf(search);
        options = List.copyOf(options);
    }

    /** Reads a resolv.conf as host-local does: what it does not know, and what has no value, is passed over; of several domains the last one counts. */
    public static Dns ofResolvConf(String text) {
        List<String> nameservers = new ArrayList<>();
        String domain = "";
        List<String> search = new ArrayList<>();
        List<String> options = new ArrayList<>();
        for (String line : text.split("\n")) {
            String[] words = line.strip().split("\\s+");
            if (words.length < 2) {
                continue;
            }
            List<String> values = List.of(words).subList(1, words.length);
            switch (words[0]) {
                case "nameserver" -> nameservers.add(values.getFirst());
                case "domain" -> domain = values.getFirst();
                case "search" -> search.addAll(values);
                case "options" -> options.addAll(values);
                default -> {} // A comment among them.
            }
        }
        return new Dns(nameservers, domain, search, options);
    }

    /** The keys are in the order of the reference library, which sorts those of the newer results. */
    ObjectNode json(boolean sorted) {
        ObjectNode json = Json.object();
        if (sorted && !domain.isEmpty()) {
            json.put("domain", domain);
        }
        put(json, "nameservers", nameservers);
        if (!sorted) {
            if (!domain.isEmpty()) {
                json.put("domain", domain);
            }
            put(json, "search", search);
            put(json, "options", options);
        } else {
            put(json, "options", options);
            put(json, "search", search);
        }
        return json;
    }

    private static void put(ObjectNode json, String field, List<String> values) {
        if (!values.isEmpty()) {
            var list = json.putArray(field);
            values.forEach(list::add);
        }
    }
}
