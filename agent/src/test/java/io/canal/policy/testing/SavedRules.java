package io.canal.policy.testing;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.iptables.IptablesRendering;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What {@code iptables-save} says, as rules by table and chain: {@code filter cali-INPUT}. */
public record SavedRules(Map<String, List<String>> chains) {

    /** Rules of canal's own carry this, and no tag. */
    private static final String GUARD = "canal guard: ";

    public static SavedRules read(String text) {
        Map<String, List<String>> chains = new TreeMap<>();
        String table = "";
        for (String line : text.lines().toList()) {
            if (line.startsWith("*")) {
                table = line.substring(1);
            } else if (line.startsWith(":") && line.contains(" - [")) {
                chains.computeIfAbsent(table + " " + line.substring(1, line.indexOf(' ')), chain -> new ArrayList<>());
            } else if (line.startsWith("-A ") && !line.contains(GUARD)) {
                int end = line.indexOf(' ', 3);
                chains.computeIfAbsent(table + " " + line.substring(3, end), chain -> new ArrayList<>()).add(line.substring(end + 1));
            }
        }
        return new SavedRules(chains);
    }

    public static SavedRules of(Ruleset ruleset, Family family) {
        return read(new IptablesRendering(family).wholeText(ruleset));
    }

    /** What was recorded of real Felix; empty where it ended on that input. */
    public static Optional<SavedRules> recorded(String folder, Family family) {
        return FelixFiles.text(folder, family == Family.V4 ? "iptables.txt.gz" : "ip6tables.txt.gz").map(SavedRules::read);
    }

    /** One line for each chain that differs; empty where none does. */
    public String differences(SavedRules expected) {
        StringBuilder all = new StringBuilder();
        TreeMap<String, List<String>> both = new TreeMap<>(expected.chains);
        both.putAll(chains);
        both.keySet().forEach(chain -> {
            List<String> wanted = expected.chains.get(chain);
            List<String> found = chains.get(chain);
            if (wanted == null || found == null) {
                all.append(wanted == null ? "should not be there: " : "is missing: ").append(chain).append('\n');
            } else if (!wanted.equals(found)) {
                int at = 0;
                while (at < wanted.size() && at < found.size() && wanted.get(at).equals(found.get(at))) {
                    at++;
                }
                all.append(chain).append(" rule ").append(at + 1).append("\n  felix: ").append(at < wanted.size() ? wanted.get(at) : "-")
                        .append("\n  canal: ").append(at < found.size() ? found.get(at) : "-").append('\n');
            }
        });
        return all.toString();
    }
}
