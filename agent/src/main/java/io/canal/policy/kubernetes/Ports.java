package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.canal.model.Json;
import io.canal.model.calico.PolicyPort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The ports of a rule, by protocol. */
final class Ports {

    private static final int LARGEST = 65535;
    private static final Set<String> PROTOCOLS = Set.of("TCP", "UDP", "SCTP");

    /** A port's name has a letter: digits alone would be read as a number. */
    private static final Pattern NAME = Pattern.compile("(?=.*[a-zA-Z])[a-zA-Z0-9-]{1,128}");

    private Ports() {}

    /** The ports of each protocol in order; a protocol without ports stands for all of its ports. */
    static SortedMap<String, List<PolicyPort>> byProtocol(String field, JsonNode list) throws Unconvertible {
        List<JsonNode> ports = Given.objects(field, list);
        SortedMap<String, List<PolicyPort>> byProtocol = new TreeMap<>();
        SortedMap<String, Boolean> whole = new TreeMap<>();
        for (int i = 0; i < ports.size(); i++) {
            String at = field + "[" + i + "]";
            String protocol = protocol(at + ".protocol", ports.get(i).path("protocol"));
            List<PolicyPort> all = byProtocol.computeIfAbsent(protocol, any -> new ArrayList<>());
            JsonNode port = ports.get(i).path("port");
            if (!Given.is(port)) {
                whole.put(protocol, true);
            } else {
                all.add(port(at, port, ports.get(i).path("endPort")));
            }
        }
        byProtocol.replaceAll((protocol, all) -> whole.containsKey(protocol) ? List.of() : simplified(all));
        return byProtocol;
    }

    static ArrayNode json(List<PolicyPort> ports) {
        ArrayNode array = Json.object().putArray("ports");
        for (PolicyPort port : ports) {
            switch (port) {
                case PolicyPort.Numbers(int first, int last) when first == last -> array.add(first);
                case PolicyPort.Numbers numbers -> array.add(numbers.toString());
                case PolicyPort.Named(String name) -> array.add(name);
            }
        }
        return array;
    }

    private static String protocol(String field, JsonNode protocol) throws Unconvertible {
        if (!Given.is(protocol)) {
            return "TCP";
        }
        String name = protocol.asText().toUpperCase(Locale.ROOT);
        if (!PROTOCOLS.contains(name)) {
            throw new Unconvertible(field, protocol.asText(), "TCP, UDP or SCTP");
        }
        return name;
    }

    private static PolicyPort port(String field, JsonNode port, JsonNode end) throws Unconvertible {
        boolean open = !Given.is(end);
        if (port.isTextual()) {
            if (!open || !NAME.matcher(port.textValue()).matches()) {
                throw new Unconvertible(field + ".port", port.textValue(), "a number, or a name without an endPort");
            }
            return new PolicyPort.Named(port.textValue());
        }
        int first = number(field + ".port", port);
        int last = open ? first : number(field + ".endPort", end);
        if (last < first) {
            throw new Unconvertible(field + ".endPort", end.asText(), "a port from " + first + " to " + LARGEST);
        }
        return new PolicyPort.Numbers(first, last);
    }

    private static int number(String field, JsonNode port) throws Unconvertible {
        if (!port.isInt() || port.intValue() < 1 || port.intValue() > LARGEST) {
            throw new Unconvertible(field, port.asText(), "a port from 1 to " + LARGEST);
        }
        return port.intValue();
    }

    /** Names as they came, then the numbers in order, with those that touch or overlap in one range. */
    private static List<PolicyPort> simplified(List<PolicyPort> ports) {
        List<PolicyPort.Numbers> numbers = ports.stream().filter(PolicyPort.Numbers.class::isInstance).map(PolicyPort.Numbers.class::cast)
                .sorted(Comparator.comparing(PolicyPort.Numbers::first).thenComparing(PolicyPort.Numbers::last)).toList();
        if (numbers.size() < 2) {
            return List.copyOf(ports);
        }
        List<PolicyPort> simplified = new ArrayList<>(ports.stream().filter(PolicyPort.Named.class::isInstance).toList());
        PolicyPort.Numbers open = numbers.getFirst();
        for (PolicyPort.Numbers next : numbers.subList(1, numbers.size())) {
            if (next.first() <= open.last() + 1) {
                open = new PolicyPort.Numbers(open.first(), Math.max(open.last(), next.last()));
            } else {
                simplified.add(open);
                open = next;
            }
        }
        simplified.add(open);
        return simplified;
    }
}
