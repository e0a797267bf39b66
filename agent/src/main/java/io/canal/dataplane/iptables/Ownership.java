package io.canal.dataplane.iptables;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which chains, rules and sets of a node are ours, by their names alone, as Felix and flanneld know theirs. */
final class Ownership {

    private static final Pattern TARGET = Pattern.compile("(?:^| )(?:-j|-g) (\\S+)");
    private static final Pattern TAG = Pattern.compile("--comment \"?(cali:[A-Za-z0-9_-]+)\"?(?: |$)");

    private Ownership() {}

    static boolean ownsChain(String name) {
        return name.startsWith("cali-") || name.startsWith("FLANNEL-");
    }

    /** Whether this rule of a kernel chain is ours. */
    static boolean ownsRule(String rule) {
        if (tag(rule).isPresent()) {
            return true;
        }
        Matcher target = TARGET.matcher(rule);
        return target.find() && ownsChain(target.group(1));
    }

    static Optional<String> tag(String rule) {
        Matcher tag = TAG.matcher(rule);
        return tag.find() ? Optional.of(tag.group(1)) : Optional.empty();
    }

    static boolean ownsSet(String name) {
        return name.startsWith("cali40") || name.startsWith("cali60") || name.startsWith("cali4t") || name.startsWith("cali6t");
    }
}
