package io.canal.juju;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Why the charm was called: the hook or action, with what Juju's environment says about it. */
public sealed interface Event {

    /** A hook of the unit's own life. */
    enum Life implements Event {
        INSTALL,
        START,
        CONFIG_CHANGED,
        UPGRADE_CHARM,
        LEADER_ELECTED,
        UPDATE_STATUS,
        STOP,
        REMOVE
    }

    /**
     * A hook of a relation.
     *
     * @param id such as {@code etcd:3}
     * @param remoteApp may be empty, in broken hooks of a model that is being destroyed for instance
     * @param remoteUnit empty in created and broken hooks, and in changed hooks of application data
     * @param departing in departed hooks the unit that goes, which may be our own
     */
    record Relation(Step step, String endpoint, String id, Optional<String> remoteApp, Optional<String> remoteUnit,
            Optional<String> departing) implements Event {

        /** What happened to the relation. */
        public enum Step {
            CREATED,
            JOINED,
            CHANGED,
            DEPARTED,
            BROKEN
        }
    }

    /** An action that an operator runs. */
    record Action(String name) implements Event {}

    /** A hook that this charm does not know: nothing is to be done, and it is no error. */
    record Unknown(String path) implements Event {}

    /** Reads the event from a hook's environment: {@code JUJU_DISPATCH_PATH} and its companions. */
    static Event of(Map<String, String> environment) {
        String path = environment.getOrDefault("JUJU_DISPATCH_PATH", "");
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (path.startsWith("actions/")) {
            return new Action(name);
        }
        for (Life life : Life.values()) {
            if (name.equals(word(life))) {
                return life;
            }
        }
        for (Relation.Step step : Relation.Step.values()) {
            String end = "-relation-" + word(step);
            if (name.endsWith(end)) {
                return new Relation(step, name.substring(0, name.length() - end.length()),
                        environment.getOrDefault("JUJU_RELATION_ID", ""),
                        present(environment, "JUJU_REMOTE_APP"),
                        present(environment, "JUJU_REMOTE_UNIT"),
                        present(environment, "JUJU_DEPARTING_UNIT"));
            }
        }
        return new Unknown(path);
    }

    private static Optional<String> present(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
