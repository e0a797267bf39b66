package io.canal.policy.rules;

import io.canal.policy.PolicyId;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Layer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** The names of chains, and comments, as Felix gives them. */
final class Names {

    private static final int LONGEST = 28;
    private static final int LONGEST_COMMENT = 255;
    private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9_ @%+=:,./-]");
    private static final int GROUP_HASH = 20;

    private Names() {}

    /** The chain of a policy's rules for one direction. */
    static ChainName policy(Layer layer, boolean ingress, PolicyId id) {
        String path = id.namespace().isEmpty() ? id.name() : id.namespace() + "/" + id.name();
        return new ChainName(layer, limited(ingress ? "cali-pi-" : "cali-po-", kind(id) + "/" + path));
    }

    static ChainName profile(Layer layer, boolean ingress, String profile) {
        return new ChainName(layer, limited(ingress ? "cali-pri-" : "cali-pro-", profile));
    }

    /** The chain of an endpoint; {@code prefix} such as {@code cali-tw-}. */
    static ChainName endpoint(Layer layer, String prefix, String iface) {
        return new ChainName(layer, limited(prefix, iface));
    }

    /** The chain of policies that have the same selector and stand one after the other. */
    static ChainName group(Layer layer, boolean ingress, String selector, List<PolicyId> policies) {
        StringBuilder text = new StringBuilder();
        text.append(selector).append('\n').append(ingress ? "inbound" : "outbound").append('\n').append(policies.size()).append('\n');
        policies.forEach(id -> text.append("{Name: ").append(id.name()).append(", Namespace: ").append(id.namespace()).append(", Kind: ")
                .append(id.kind().title()).append("}\n"));
        return new ChainName(layer, (ingress ? "cali-gi-" : "cali-go-") + hash("SHA3-224", text.toString()).substring(0, GROUP_HASH));
    }

    /** The short form of a policy's kind. */
    static String kind(PolicyId id) {
        return switch (id.kind()) {
            case NETWORK_POLICY -> "np";
            case GLOBAL_NETWORK_POLICY -> "gnp";
            case STAGED_NETWORK_POLICY -> "snp";
            case STAGED_GLOBAL_NETWORK_POLICY -> "sgnp";
            case STAGED_KUBERNETES_NETWORK_POLICY -> "sknp";
            default -> throw new IllegalArgumentException(id.kind() + " is not a kind of policy");
        };
    }

    /** Free text as a comment: what could leave its place in a text form, or does not fit, is replaced or cut. */
    static String comment(String text) {
        String safe = UNSAFE.matcher(text).replaceAll("_");
        return safe.length() > LONGEST_COMMENT ? safe.substring(0, LONGEST_COMMENT) : safe;
    }

    /** {@code prefix} and {@code id}, or a hash of it where that is too long or has characters that a chain's name cannot have. */
    private static String limited(String prefix, String id) {
        int length = prefix.length() + id.length();
        boolean fits = length < LONGEST || length == LONGEST && !id.startsWith("_");
        if (fits && plain(id)) {
            return prefix + id;
        }
        return (prefix + "_" + hash("SHA-256", id)).substring(0, LONGEST);
    }

    private static boolean plain(String id) {
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/')) {
                return false;
            }
        }
        return true;
    }

    private static String hash(String algorithm, String text) {
        try {
            byte[] digest = MessageDigest.getInstance(algorithm).digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
