package io.canal.model.calico;

import java.util.Locale;
import java.util.Optional;

/** What a rule does with a packet that it matches. */
public enum RuleAction {
    ALLOW("Allow"),
    DENY("Deny"),
    /** Writes a line to the kernel's log, and goes on with the next rule. */
    LOG("Log"),
    /** Leaves the tier; the next one decides. */
    PASS("Pass");

    private final String title;

    RuleAction(String title) {
        this.title = title;
    }

    /** The action as resources of API v3 spell it. */
    public String title() {
        return title;
    }

    /** Reads an action in any case, and {@code next-tier}, which is the older name of Pass; Felix takes all of these from etcd. */
    public static Optional<RuleAction> parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "allow" -> Optional.of(ALLOW);
            case "deny" -> Optional.of(DENY);
            case "log" -> Optional.of(LOG);
            case "pass", "next-tier" -> Optional.of(PASS);
            default -> Optional.empty();
        };
    }
}
