package io.canal.ruleset.iptables;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Felix's hash tags: a rule's tag stands for the rule, all rules before it, and the chain, so a chain whose tags are as wanted is as
 * wanted (felix/generictables/rules.go).
 */
final class HashTags {

    private static final int LENGTH = 16;

    private HashTags() {}

    /**
     * @param chain the chain's name; of rules appended to a kernel chain, {@code FORWARD*appends*}
     * @param rules in Felix's spelling, without {@code -A chain HASH}
     */
    static List<String> of(String chain, List<String> rules) {
        List<String> tags = new ArrayList<>(rules.size());
        MessageDigest sha = sha224();
        byte[] hash = sha.digest(chain.getBytes(StandardCharsets.UTF_8));
        for (String rule : rules) {
            sha.update(hash);
            String rendered = "-A " + chain + " HASH" + (rule.isEmpty() ? "" : " " + rule);
            hash = sha.digest(rendered.getBytes(StandardCharsets.UTF_8));
            tags.add(Base64.getUrlEncoder().withoutPadding().encodeToString(hash).substring(0, LENGTH));
        }
        return tags;
    }

    private static MessageDigest sha224() {
        try {
            return MessageDigest.getInstance("SHA-224");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
