package io.canal.dataplane.iptables;

import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.IptablesException;
import io.canal.kernel.iptables.SavedTable;
import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules of flanneld up to 0.19, which had no chains of its own: they lie in POSTROUTING and FORWARD themselves.
 *
 * <p>From 0.17 on they have a comment. Older ones are known by their text alone, so that they count only where all that belong
 * together are there, for a network of ours: a rule more or less is somebody else's.
 */
public final class OldFlanneld {

    private static final Logger log = LoggerFactory.getLogger(OldFlanneld.class);
    private static final String RANDOM = " --random-fully";
    private static final String OUR_CHAINS = "-j FLANNEL-";

    private final Set<IptablesBackend> clean = EnumSet.noneOf(IptablesBackend.class);
    private boolean gone;

    /** Whether nothing of it is left. */
    public boolean isGone() {
        return gone;
    }

    /**
     * Removes what such a flanneld left in these back ends; before a network is known there is nothing to know it by.
     *
     * @param nftables whether the kernel has nf_tables
     */
    public void remove(Collection<IptablesBackend> backends, boolean nftables, List<PodNetwork> networks) throws IptablesException {
        if (networks.isEmpty()) {
            return;
        }
        Optional<IptablesException> failed = Optional.empty();
        for (IptablesBackend backend : backends) {
            if (!clean.contains(backend) && (backend == IptablesBackend.LEGACY || nftables)) {
                try {
                    removeFrom(backend, networks.stream().map(PodNetwork::network).toList());
                    clean.add(backend);
                } catch (IptablesException failure) {
                    failed = Optional.of(failure);
                }
            }
        }
        if (failed.isPresent()) {
            throw failed.get();
        }
        gone = true;
    }

    static void removeFrom(IptablesBackend backend, Collection<Cidr> networks) throws IptablesException {
        for (Family family : Family.values()) {
            Iptables iptables = new Iptables(backend, family == Family.V6);
            Map<String, List<String>> found = rules(iptables.save(), networks.stream().filter(network -> network.family() == family).toList());
            if (!found.isEmpty()) {
                log.info("packet filter: removing the rules of a flanneld without chains from {}: {}", backend.text(), found);
                iptables.restore(removal(found));
            }
        }
    }

    /** By {@code table chain}, in the order of the chain. */
    static Map<String, List<String>> rules(Map<String, SavedTable> tables, Collection<Cidr> networks) {
        List<String> nat = rules(tables, "nat", "POSTROUTING");
        List<String> filter = rules(tables, "filter", "FORWARD");
        List<String> ours = new ArrayList<>();
        Stream.concat(nat.stream().filter(rule -> isCommented(rule, "flanneld masq")), filter.stream().filter(rule -> isCommented(rule, "flanneld forward")))
                .forEach(ours::add);
        for (Cidr network : networks) {
            boolean v6 = network.family() == Family.V6;
            String inside = "-s " + network + " -d " + network + " -j RETURN";
            String out = "-s " + network + " ! -d " + (v6 ? "ff00::/8" : "224.0.0.0/4") + " -j MASQUERADE";
            String in = "! -s " + network + " -d " + network + " -j MASQUERADE";
            List<String> plain = nat.stream().map(OldFlanneld::plain).toList();
            if (plain.containsAll(List.of(inside, out, in))) {
                String toOne = "! -s " + network + " -d ";
                nat.stream().filter(rule -> List.of(inside, out, in).contains(plain(rule)) || rule.startsWith(toOne) && rule.endsWith(" -j RETURN")).forEach(ours::add);
                filter.stream().filter(List.of("-s " + network + " -j ACCEPT", "-d " + network + " -j ACCEPT")::contains).forEach(ours::add);
            }
        }
        Map<String, List<String>> found = new LinkedHashMap<>();
        put(found, "nat POSTROUTING", nat.stream().filter(ours::contains).toList());
        put(found, "filter FORWARD", filter.stream().filter(ours::contains).toList());
        return found;
    }

    private static String removal(Map<String, List<String>> found) {
        StringBuilder text = new StringBuilder();
        found.forEach((place, rules) -> {
            String[] words = place.split(" ");
            text.append('*').append(words[0]).append('\n');
            rules.forEach(rule -> text.append("-D ").append(words[1]).append(' ').append(rule).append('\n'));
            text.append("COMMIT\n");
        });
        return text.toString();
    }

    private static void put(Map<String, List<String>> found, String place, List<String> rules) {
        if (!rules.isEmpty()) {
            found.put(place, rules);
        }
    }

    private static List<String> rules(Map<String, SavedTable> tables, String table, String chain) {
        SavedTable there = tables.get(table);
        return there == null ? List.of() : there.rules(chain);
    }

    private static boolean isCommented(String rule, String comment) {
        return rule.contains("--comment \"" + comment + "\"") && !rule.contains(OUR_CHAINS);
    }

    private static String plain(String rule) {
        return rule.endsWith(RANDOM) ? rule.substring(0, rule.length() - RANDOM.length()) : rule;
    }
}
