package io.canal.policy.validation;

import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyNames;
import java.util.regex.Pattern;

/** What resources may be called. */
final class Names {

    private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private static final String SUBDOMAIN = LABEL + "(\\." + LABEL + ")*";
    private static final Pattern IS_LABEL = Pattern.compile(LABEL);
    private static final Pattern IS_SUBDOMAIN = Pattern.compile(SUBDOMAIN);
    private static final int LONGEST = 253;
    private static final String FIELD = "Metadata.Name";

    private Names() {}

    static void check(Checks checks, Kind kind, String name) {
        subdomain(checks, name);
        switch (kind) {
            case NETWORK_POLICY, STAGED_NETWORK_POLICY -> {
                if (name.startsWith(PolicyNames.KUBERNETES) || name.startsWith("ossg.default.")) {
                    subdomain(checks, name.substring(name.indexOf(".default.") + 9));
                } else {
                    tiered(checks, name);
                }
            }
            case GLOBAL_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY -> tiered(checks, name);
            case TIER -> label(checks, name, name);
            default -> {
            }
        }
    }

    /** A label, with one more and a dot before it or without. */
    private static void tiered(Checks checks, String name) {
        int dot = name.indexOf('.');
        if (name.length() > LONGEST) {
            tooLong(checks, name);
        } else {
            label(checks, name, dot >= 0 && IS_LABEL.matcher(name.substring(0, dot)).matches() ? name.substring(dot + 1) : name);
        }
    }

    private static void label(Checks checks, String name, String part) {
        if (!IS_LABEL.matcher(part).matches()) {
            checks.field(FIELD, name, "name must consist of lower case alphanumeric characters or '-' (regex: " + LABEL + ")");
        }
    }

    private static void subdomain(Checks checks, String name) {
        if (name.length() > LONGEST) {
            tooLong(checks, name);
        } else if (!IS_SUBDOMAIN.matcher(name).matches()) {
            checks.field(FIELD, name, "name must consist of lower case alphanumeric characters, '-' or '.' (regex: " + SUBDOMAIN + ")");
        }
    }

    private static void tooLong(Checks checks, String name) {
        checks.field(FIELD, name, "name is too long by " + (name.length() - LONGEST) + " bytes");
    }
}
