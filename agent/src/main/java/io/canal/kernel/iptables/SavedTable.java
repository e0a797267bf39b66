package io.canal.kernel.iptables;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One table as {@code iptables-save} prints it.
 *
 * @param policies the policy of each kernel chain; {@code -} of all other chains
 * @param rules the rules of each chain that has any, in order, without {@code -A chain}
 */
public record SavedTable(String name, Map<String, String> policies, Map<String, List<String>> rules) {

    /** Reads all tables in the output of {@code iptables-save}. */
    static Map<String, SavedTable> parse(String saved) {
        Map<String, SavedTable> tables = new LinkedHashMap<>();
        SavedTable table = null;
        for (String line : saved.split("\n")) {
            if (line.startsWith("*")) {
                table = new SavedTable(line.substring(1).strip(), new LinkedHashMap<>(), new LinkedHashMap<>());
                tables.put(table.name, table);
            } else if (table != null && line.startsWith(":")) {
                String[] words = line.substring(1).split(" ");
                table.policies.put(words[0], words.length > 1 ? words[1] : "-");
            } else if (table != null && line.startsWith("-A ")) {
                int end = line.indexOf(' ', 3);
                String chain = end < 0 ? line.substring(3) : line.substring(3, end);
                table.rules.computeIfAbsent(chain, name -> new ArrayList<>()).add(end < 0 ? "" : line.substring(end + 1).strip());
            }
        }
        return tables;
    }

    public List<String> rules(String chain) {
        return rules.getOrDefault(chain, List.of());
    }
}
