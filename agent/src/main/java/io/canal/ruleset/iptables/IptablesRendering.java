package io.canal.ruleset.iptables;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Signature;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The objects of the intermediate form as lines for iptables or ip6tables; a line has no {@code -A chain}. */
public final class IptablesRendering {

    private final Family family;
    private final RuleText text;

    public IptablesRendering(Family family) {
        this.family = family;
        this.text = new RuleText(family);
    }

    public Family family() {
        return family;
    }

    /** The lines of each iptables chain that {@code chain} becomes; none where this family does not have it. */
    public Map<ChainName, List<String>> chains(Chain chain, Map<String, ChainName> entries) {
        Map<ChainName, List<String>> rendered = new LinkedHashMap<>();
        if (!chain.families().contains(family)) {
            return rendered;
        }
        switch (chain) {
            case Chain.Rules rules -> rendered.put(rules.name(), lines(rules.name().name(), rules.rules()));
            case Chain.Dispatch dispatch -> DispatchTree.chains(dispatch, entries)
                    .forEach(rules -> rendered.put(rules.name(), lines(rules.name().name(), rules.rules())));
        }
        return rendered;
    }

    /** Our lines at the beginning of a kernel chain. */
    public List<String> first(HookPoint point, @Nullable HookRules rules) {
        return rules == null ? List.of() : lines(point.hook().name(), rules.first());
    }

    /** Our lines appended to a kernel chain. */
    public List<String> last(HookPoint point, @Nullable HookRules rules) {
        return rules == null ? List.of() : lines(point.hook().name() + "*appends*", rules.last());
    }

    /** All of a ruleset as one text for {@code iptables-restore}, for reading and for the interpreter. */
    public String wholeText(Ruleset ruleset) {
        StringBuilder whole = new StringBuilder();
        for (Layer layer : Layer.values()) {
            StringBuilder declarations = new StringBuilder();
            StringBuilder lines = new StringBuilder();
            ruleset.hooks().forEach((point, rules) -> {
                if (point.layer() == layer) {
                    first(point, rules).forEach(line -> lines.append("-A ").append(point.hook()).append(' ').append(line).append('\n'));
                    last(point, rules).forEach(line -> lines.append("-A ").append(point.hook()).append(' ').append(line).append('\n'));
                }
            });
            List<Chain> inLayer = ruleset.chains().values().stream().filter(chain -> chain.name().layer() == layer)
                    .sorted(Comparator.comparing(Chain::name)).toList();
            inLayer.forEach(one -> chains(one, ruleset.entries(one.name())).forEach((chain, rules) -> {
                declarations.append(':').append(chain.name()).append(" - [0:0]\n");
                rules.forEach(line -> lines.append("-A ").append(chain.name()).append(' ').append(line).append('\n'));
            }));
            if (!lines.isEmpty()) {
                whole.append('*').append(layer.text()).append('\n').append(declarations).append(lines).append("COMMIT\n");
            }
        }
        return whole.toString();
    }

    private List<String> lines(String chain, List<Rule> all) {
        List<Rule> rules = Dialect.IPTABLES.of(all).filter(rule -> rule.isFor(family) && canMatch(rule)).toList();
        List<Rule> tagged = rules.stream().filter(rule -> rule.signature() == Signature.TAG).toList();
        List<String> tags = HashTags.of(chain, tagged.stream().map(text::felix).toList());
        List<String> lines = new ArrayList<>(rules.size());
        int next = 0;
        for (Rule rule : rules) {
            lines.add(text.saved(rule, rule.signature() == Signature.TAG ? tags.get(next++) : ""));
        }
        return lines;
    }

    /** Nothing is outside of all addresses, and iptables-nft refuses to say so. */
    private static boolean canMatch(Rule rule) {
        return rule.matches().stream().noneMatch(match -> match instanceof Match.Net net && net.negated() && net.net().length() == 0);
    }
}
