package io.canal.charm;

import java.util.List;

/** The node's service manager, as far as the charm needs it. */
interface Systemd {

    /** Runs {@code systemctl} with these arguments; whether it succeeded. */
    boolean control(List<String> arguments);

    default boolean control(String... arguments) {
        return control(List.of(arguments));
    }
}
