package io.canal.ruleset.iptables;

import io.canal.model.IpPrefix;
import io.canal.ruleset.tenants.MasqueradeRule;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads flannel's masquerade rules as {@code iptables-save} prints them. */
public final class FlannelText {

    private static final Pattern FROM = Pattern.compile("(! )?-s (\\S+)");
    private static final Pattern TO = Pattern.compile("(! )?-d (\\S+)");

    private FlannelText() {}

    /** The networks that rules without {@code -A chain} masquerade. */
    public static List<PodNetwork> networks(List<String> rules) {
        List<MasqueradeRule> read = new ArrayList<>();
        for (String rule : rules) {
            boolean masquerades = rule.contains("-j MASQUERADE");
            if (masquerades || rule.contains("-j RETURN")) {
                read.add(new MasqueradeRule(net(FROM, rule), net(TO, rule), masquerades));
            }
        }
        return MasqueradeRule.networks(read);
    }

    private static Optional<MasqueradeRule.Net> net(Pattern pattern, String rule) {
        Matcher found = pattern.matcher(rule);
        return found.find()
                ? IpPrefix.parse(found.group(2)).map(prefix -> new MasqueradeRule.Net(prefix.cidr(), found.group(1) != null))
                : Optional.empty();
    }
}
