package io.canal.lab;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a lab. All that a lab makes on the machine begins with {@code canal-NAME-}; its switch ports, for which the kernel
 * allows 15 bytes, with {@code NAME-}.
 *
 * @param text a lower-case letter, then up to nine lower-case letters and digits
 */
public record LabName(String text) implements Comparable<LabName> {

    private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9]{0,9}");

    public LabName {
        if (!FORM.matcher(text).matches()) {
            throw new LabException("Lab name is \"" + text + "\", expected a lower-case letter and then at most nine lower-case letters"
                    + " and digits.");
        }
    }

    /** The name of a checkout's own lab: what its folder is called, and a digest of its path. */
    public static LabName ofCheckout(Path folder) {
        Path path = folder.toAbsolutePath().normalize();
        Path last = path.getFileName();
        String letters = (last == null ? "" : last.toString()).toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
        String digest = HexFormat.of().formatHex(sha256(path.toString()), 0, 2);
        return new LabName((letters.isEmpty() ? "lab" : letters.substring(0, Math.min(6, letters.length()))) + digest);
    }

    /** The lab of that name, where it can be one. */
    static Optional<LabName> parse(String text) {
        return FORM.matcher(text).matches() ? Optional.of(new LabName(text)) : Optional.empty();
    }

    static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new AssertionError(everyJdkHasIt);
        }
    }

    /** What stands before the name of each machine, namespace and cgroup of this lab. */
    String prefix() {
        return "canal-" + text + "-";
    }

    @Override
    public int compareTo(LabName other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }
}
