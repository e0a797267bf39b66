package io.canal.ruleset;

import io.canal.model.Ip.Family;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Matches, one action, and comments.
 *
 * @param families the families that the rule is for; a match of an address narrows it by itself
 * @param counter whether nftables counts the packets that match; iptables always does
 */
public record Rule(List<Match> matches, Action action, List<String> comments, Set<Family> families, Signature signature, boolean counter) {

    /** Both families. */
    public static final Set<Family> BOTH = Set.of(Family.V4, Family.V6);

    /** XT_MAX_COMMENT_LEN without the NUL. */
    private static final int LONGEST_COMMENT = 255;

    public Rule {
        matches = List.copyOf(matches);
        comments = List.copyOf(comments);
        EnumSet<Family> narrowed = EnumSet.copyOf(families);
        for (Match match : matches) {
            switch (match) {
                case Match.Net net -> narrowed.retainAll(Set.of(net.net().family()));
                case Match.Address address -> narrowed.retainAll(Set.of(address.address().family()));
                case Match.InSet set -> narrowed.retainAll(Set.of(set.set().family()));
                default -> { }
            }
        }
        if (narrowed.isEmpty()) {
            throw new IllegalArgumentException("a rule cannot match addresses of both families at once: " + matches);
        }
        families = Set.copyOf(narrowed);
        for (String comment : comments) {
            if (comment.length() > LONGEST_COMMENT || !comment.chars().allMatch(c -> c >= ' ' && c < 127 && c != '"' && c != '\\')) {
                throw new IllegalArgumentException("\"" + comment + "\" cannot be a comment: at most 255 printable characters, no \" or \\");
            }
        }
    }

    /** A rule without comment, known by a tag, for both families; counted if it drops. */
    public static Rule of(Action action, Match... matches) {
        return new Rule(List.of(matches), action, List.of(), BOTH, Signature.TAG, action instanceof Action.Drop);
    }

    /** This rule with one more comment. */
    public Rule comment(String comment) {
        List<String> more = new ArrayList<>(comments);
        more.add(comment);
        return new Rule(matches, action, more, families, signature, counter);
    }

    public Rule only(Set<Family> these) {
        return new Rule(matches, action, comments, these, signature, counter);
    }

    public Rule signedByText() {
        return new Rule(matches, action, comments, families, Signature.TEXT, counter);
    }

    public Rule counted() {
        return new Rule(matches, action, comments, families, signature, true);
    }

    public boolean isFor(Family family) {
        return families.contains(family);
    }
}
