package io.canal.juju;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * In which context a hook runs.
 *
 * @param unit our unit, such as {@code canal/0}
 * @param principal the unit that we are subordinate to
 * @param charmDir the folder of the unpacked charm
 * @param command the command that the operator speaks to us with: {@code juju}, or {@code canal} where no Juju is
 */
public record HookContext(Event event, String unit, Optional<String> principal, Path charmDir, String command) {

    /** Reads the context from a hook's environment, which Juju builds from scratch. */
    public static HookContext of(Map<String, String> environment) {
        return new HookContext(
                Event.of(environment),
                needed(environment, "JUJU_UNIT_NAME"),
                Optional.ofNullable(environment.get("JUJU_PRINCIPAL_UNIT")).filter(unit -> !unit.isEmpty()),
                Path.of(needed(environment, "JUJU_CHARM_DIR")),
                command(environment));
    }

    /** The application of a unit: {@code canal} for {@code canal/0}. */
    public static String applicationOf(String unit) {
        int slash = unit.indexOf('/');
        return slash < 0 ? unit : unit.substring(0, slash);
    }

    /** Whether {@code unit} is the one that we are subordinate to. */
    public boolean isPrincipal(String unit) {
        return principal.filter(unit::equals).isPresent();
    }

    /** Canal's own controller has no API, where Juju's names the addresses of its one in each hook. */
    private static String command(Map<String, String> environment) {
        return environment.getOrDefault("JUJU_API_ADDRESSES", "").isEmpty() ? "canal" : "juju";
    }

    private static String needed(Map<String, String> environment, String name) {
        String value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException(name + " is not set: hooks and actions are run by Juju, or by canal's own controller");
        }
        return value;
    }
}
