package io.canal.lab.pod;

import io.canal.lab.LabException;
import java.util.regex.Pattern;

/** The forms that Kubernetes demands of names, and ports. */
final class Names {

    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern SUBDOMAIN = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,5}");
    private static final int HIGHEST_PORT = 65_535;

    private Names() {}

    static String label(String text, String what) {
        if (!LABEL.matcher(text).matches()) {
            throw wrong(what, text, "lower-case letters, digits and inner hyphens, at most 63");
        }
        return text;
    }

    static String subdomain(String text, String what) {
        if (!SUBDOMAIN.matcher(text).matches()) {
            throw wrong(what, text, "lower-case letters, digits, and inner hyphens and dots, at most 253");
        }
        return text;
    }

    static int port(String text, String what, String whole) {
        if (DIGITS.matcher(text).matches()) {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= HIGHEST_PORT) {
                return port;
            }
        }
        throw wrong(what, whole, "a port from 1 to 65535 in place of \"" + text + "\"");
    }

    static LabException wrong(String what, String found, String expected) {
        return new LabException(what + " is \"" + found + "\", expected " + expected + ".");
    }
}
