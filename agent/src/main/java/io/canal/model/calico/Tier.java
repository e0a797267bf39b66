package io.canal.model.calico;

import io.canal.model.Decoded;
import io.canal.model.calico.Reading.Malformed;
import java.util.Locale;

/**
 * A group of policies that is evaluated together.
 *
 * @param order smaller ones come first; positive infinity where the tier has none
 * @param defaultAction what becomes of a packet that a policy of the tier applies to and none decides on: DENY or PASS
 */
public record Tier(String name, double order, RuleAction defaultAction) {

    public static ResourceKey key(String name) {
        return ResourceKey.of(Kind.TIER, name);
    }

    public static Decoded<Tier> of(Resource resource) {
        return Reading.spec(resource, spec -> new Tier(resource.key().name(), spec.number("order", Double.POSITIVE_INFINITY), action(spec)));
    }

    private static RuleAction action(Reading spec) throws Malformed {
        return switch (spec.text("defaultAction").toLowerCase(Locale.ROOT)) {
            case "", "deny" -> RuleAction.DENY;
            case "pass" -> RuleAction.PASS;
            default -> throw spec.bad("defaultAction", "Deny or Pass");
        };
    }
}
