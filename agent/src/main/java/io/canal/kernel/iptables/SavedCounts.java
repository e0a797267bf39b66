package io.canal.kernel.iptables;

import io.canal.model.PacketCount;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what rules have counted in the output of {@code iptables-save -c}. */
final class SavedCounts {

    private static final Pattern RULE = Pattern.compile("\\[([0-9]{1,18}):([0-9]{1,18})] -A (\\S+).*");

    private static final Pattern COUNT = Pattern.compile("(?m)^\\[[0-9]{1,18}:[0-9]{1,18}] (?=-A )");

    private SavedCounts() {}

    /** What {@code iptables-save} prints without {@code -c}. */
    static String without(String saved) {
        return COUNT.matcher(saved).replaceAll("");
    }

    /** The count of each rule, in order, by table and chain. */
    static Map<String, Map<String, List<PacketCount>>> parse(String saved) {
        Map<String, Map<String, List<PacketCount>>> tables = new HashMap<>();
        Map<String, List<PacketCount>> chains = new HashMap<>();
        for (String line : saved.split("\n")) {
            Matcher rule = RULE.matcher(line);
            if (line.startsWith("*")) {
                chains = tables.computeIfAbsent(line.substring(1).strip(), table -> new HashMap<>());
            } else if (rule.matches()) {
                chains.computeIfAbsent(rule.group(3), chain -> new ArrayList<>())
                        .add(new PacketCount(Long.parseLong(rule.group(1)), Long.parseLong(rule.group(2))));
            }
        }
        return tables;
    }
}
