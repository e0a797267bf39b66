package io.canal.ruleset;

import io.canal.model.Ip.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Matches, one action, and comments.
 *
 * @param families the families that the rule is for; a match of an address narrows it by itself
 * @param counter whether nftables counts the packets that match; iptables always does
 * @param place which dataplane has it; what one says in several rules another may say in others
 */
public record Rule(List<Match> matches, Action action, List<String> comments, Set<Family> families, Signature signature, boolean counter, Place place) {

    /** Both families. */
    public static final Set<Family> BOTH = Set.of(Family.V4, Family.V6);

    /** Which dataplane has a rule. */
    public enum Place {
        EVERYWHERE,
        IPTABLES,
        NFTABLES
    }

    private static final Set<Family> V4 = Set.of(Family.V4);
    private static final Set<Family> V6 = Set.of(Family.V6);

    /** XT_MAX_COMMENT_LEN without the NUL. */
    private static final int LONGEST_COMMENT = 255;

    public Rule {
        matches = List.copyOf(matches);
        comments = List.copyOf(comments);
        boolean v4 = families.contains(Family.V4);
        boolean v6 = families.contains(Family.V6);
        for (Match match : matches) {
            Family only = switch (match) {
                case Match.Net net -> net.net().family();
                case Match.Address address -> address.address().family();
                case Match.InSet set -> set.set().family();
                default -> null;
            };
            v4 &= only != Family.V6;
            v6 &= only != Family.V4;
        }
        if (!v4 && !v6) {
            throw new IllegalArgumentException("a rule cannot match addresses of both families at once: " + matches);
        }
        families = v4 && v6 ? BOTH : v4 ? V4 : V6;
        for (String comment : comments) {
            if (comment.length() > LONGEST_COMMENT || !isPlain(comment)) {
                throw new IllegalArgumentException("\"" + comment + "\" cannot be a comment: at most 255 printable characters, no \" or \\");
            }
        }
    }

    private static boolean isPlain(String comment) {
        for (int i = 0; i < comment.length(); i++) {
            char c = comment.charAt(i);
            if (c < ' ' || c >= 127 || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    /** A rule without comment, known by a tag, for both families; counted if it drops. */
    public static Rule of(Action action, Match... matches) {
        return new Rule(List.of(matches), action, List.of(), BOTH, Signature.TAG, action instanceof Action.Drop, Place.EVERYWHERE);
    }

    /** This rule with one more comment. */
    public Rule comment(String comment) {
        List<String> more = new ArrayList<>(comments);
        more.add(comment);
        return new Rule(matches, action, more, families, signature, counter, place);
    }

    public Rule only(Set<Family> these) {
        return new Rule(matches, action, comments, these, signature, counter, place);
    }

    public Rule signedByText() {
        return new Rule(matches, action, comments, families, Signature.TEXT, counter, place);
    }

    public Rule counted() {
        return new Rule(matches, action, comments, families, signature, true, place);
    }

    /** This rule with another action. */
    public Rule with(Action other) {
        return new Rule(matches, other, comments, families, signature, counter, place);
    }

    /** This rule with other matches. */
    public Rule with(List<Match> others) {
        return new Rule(others, action, comments, families, signature, counter, place);
    }

    /** This rule in one dataplane alone. */
    public Rule in(Place only) {
        return new Rule(matches, action, comments, families, signature, counter, only);
    }

    public boolean isFor(Family family) {
        return families.contains(family);
    }
}
