package io.canal.policy.testing;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Ruleset;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What {@code ipset save} says: each set's type and family, and its members, as words. */
public record SavedSets(Map<String, Set<String>> sets) {

    /** Felix has addresses there that no host has, and the host's link-local ones are others each time. */
    private static final String THIS_HOST = "this-host";
    /** The nodes of the overlay: Felix has no such set where the overlay is not its own. */
    private static final String OVERLAY_PEERS = "all-vxlan-net";

    public static Optional<SavedSets> recorded(String scenario) {
        return FelixFiles.text(scenario, "ipset.txt").map(SavedSets::read);
    }

    static SavedSets read(String text) {
        Map<String, Set<String>> sets = new TreeMap<>();
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ");
            if (words[0].equals("create")) {
                sets.computeIfAbsent(words[1], name -> new TreeSet<>()).add("type " + words[2] + " " + words[4]);
            } else if (words[0].equals("add") && !words[1].endsWith(THIS_HOST)) {
                sets.get(words[1]).add(words[2]);
            }
        }
        return new SavedSets(sets);
    }

    public static SavedSets of(Ruleset ruleset) {
        Map<String, Set<String>> sets = new TreeMap<>();
        for (NamedSet set : ruleset.sets()) {
            if (set.id().equals(OVERLAY_PEERS)) {
                continue;
            }
            Set<String> words = sets.computeIfAbsent(set.ipsetName(), name -> new TreeSet<>());
            words.add("type " + switch (set.kind()) {
                case ADDRESS, NET -> "hash:net";
                case HOST_ADDRESS -> "hash:ip";
                case ADDRESS_PORT -> "hash:ip,port";
            } + (set.family() == Family.V4 ? " inet" : " inet6"));
            if (!set.id().equals(THIS_HOST)) {
                ruleset.members(set).forEach(member -> words.addAll(words(member)));
            }
        }
        return new SavedSets(sets);
    }

    private static Set<String> words(Member member) {
        Cidr net = member.net();
        if (net.length() == 0) {
            return net.isV4() ? Set.of("0.0.0.0/1", "128.0.0.0/1") : Set.of("::/1", "8000::/1");
        }
        String address = net.length() == net.family().bits() ? net.base().toString() : net.toString();
        return Set.of(member.hasPort() ? address + "," + protocol(member.protocol()) + ":" + member.port() : address);
    }

    private static String protocol(int number) {
        return switch (number) {
            case 6 -> "tcp";
            case 17 -> "udp";
            case 132 -> "sctp";
            default -> Integer.toString(number);
        };
    }

    /** One line for each set that differs; empty where none does. */
    public String differences(SavedSets expected) {
        StringBuilder all = new StringBuilder();
        Set<String> names = new TreeSet<>(sets.keySet());
        names.addAll(expected.sets.keySet());
        // Felix can be told to leave IPv6 alone.
        boolean v4Alone = expected.sets.keySet().stream().noneMatch(name -> name.startsWith("cali60"));
        names.removeIf(name -> v4Alone && name.startsWith("cali60"));
        for (String name : names) {
            Set<String> ours = sets.get(name);
            Set<String> felix = expected.sets.get(name);
            if (ours == null || !ours.equals(felix)) {
                all.append(name).append("\n  felix: ").append(felix).append("\n  canal: ").append(ours).append('\n');
            }
        }
        return all.toString();
    }
}
