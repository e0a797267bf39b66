package io.canal.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Changes what a runtime gives the plugin, at random. */
final class InputMutations {

    private static final List<String> VALUES = List.of("null", "true", "\"\"", "\"x\"", "0", "-1", "1e99", "99999999999999999999", "[]", "{}", "[[[]]]", "\"\\u0000\"",
            "\"../../etc\"", "\"10.244.1.0/24\"", "\"fd00::/64\"", "[{\"key\":1}]", "[{\"dst\":\"::/0\"}]", "\"1.1.0\"", "\"\\ud83d\\ude00\"");
    private static final List<String> WORDS = List.of("", "x", "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "..", "a/b", "a b", "-", "eth0", "ÿ", "😀",
            "K8S_POD_NAME=", "=;=", "K8S_POD_NAMESPACE=a/b;K8S_POD_NAME=c", "IP=10.244.1.77", "IP=nonsense", "/proc/self/ns/net", "/dev/null", "x".repeat(300), "%s%n");

    private InputMutations() {}

    static void change(Map<String, String> environment, Random random) {
        List<String> names = environment.keySet().stream().sorted().toList();
        String name = names.get(random.nextInt(names.size()));
        if (random.nextInt(4) == 0) {
            environment.remove(name);
        } else {
            environment.put(name, WORDS.get(random.nextInt(WORDS.size())));
        }
    }

    static String change(String stdin, Random random) {
        if (stdin.isEmpty() || random.nextInt(4) == 0) {
            return cut(stdin, random);
        }
        try {
            JsonNode tree = TestHost.JSON.readTree(stdin);
            List<JsonNode> containers = new ArrayList<>();
            collect(tree, containers);
            if (containers.isEmpty()) {
                return cut(stdin, random);
            }
            change(containers.get(random.nextInt(containers.size())), random);
            return tree.toString();
        } catch (JsonProcessingException notJson) {
            return cut(stdin, random);
        }
    }

    private static void change(JsonNode container, Random random) throws JsonProcessingException {
        JsonNode value = TestHost.JSON.readTree(VALUES.get(random.nextInt(VALUES.size())));
        switch (container) {
            case ObjectNode object -> {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                String name = names.get(random.nextInt(names.size()));
                if (random.nextInt(5) == 0) {
                    object.remove(name);
                } else {
                    object.set(name, value);
                }
            }
            case ArrayNode array -> array.set(random.nextInt(array.size()), value);
            default -> throw new AssertionError(container);
        }
    }

    private static void collect(JsonNode node, List<JsonNode> containers) {
        if (node.isContainerNode() && !node.isEmpty()) {
            containers.add(node);
        }
        node.forEach(child -> collect(child, containers));
    }

    private static String cut(String text, Random random) {
        if (text.isEmpty()) {
            return "{";
        }
        int from = random.nextInt(text.length());
        int to = Math.min(text.length(), from + 1 + random.nextInt(8));
        return switch (random.nextInt(3)) {
            case 0 -> text.substring(0, from) + text.substring(to);
            case 1 -> text.substring(0, from);
            default -> text.substring(0, to) + text.substring(from);
        };
    }
}
