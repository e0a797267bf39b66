package io.canal.policy.rules;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.iptables.IptablesRendering;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** What {@code iptables-save} says, as rules by table and chain: {@code filter cali-INPUT}. */
record SavedRules(Map<String, List<String>> chains) {

    /** Rules of canal's own carry this, and no tag. */
    private static final String GUARD = "canal guard: ";

    static SavedRules read(String text) {
        Map<String, List<String>> chains = new TreeMap<>();
        String table = "";
        for (String line : text.lines().toList()) {
            if (line.startsWith("*")) {
                table = line.substring(1);
            } else if (line.startsWith(":") && line.endsWith(" - [0:0]")) {
                chains.computeIfAbsent(table + " " + line.substring(1, line.indexOf(' ')), chain -> new ArrayList<>());
            } else if (line.startsWith("-A ") && !line.contains(GUARD)) {
                int end = line.indexOf(' ', 3);
                chains.computeIfAbsent(table + " " + line.substring(3, end), chain -> new ArrayList<>()).add(line.substring(end + 1));
            }
        }
        return new SavedRules(chains);
    }

    static SavedRules of(Ruleset ruleset, Family family) {
        return read(new IptablesRendering(family).wholeText(ruleset));
    }

    /** What was recorded of real Felix. */
    static SavedRules recorded(String folder, Family family) {
        return read(gunzip("/upstream/felix/" + folder + (family == Family.V4 ? "/iptables.txt.gz" : "/ip6tables.txt.gz")));
    }

    static String gunzip(String resource) {
        try (InputStream in = SavedRules.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            return new String(new GZIPInputStream(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** One line for each chain that differs; empty where none does. */
    String differences(SavedRules expected) {
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
