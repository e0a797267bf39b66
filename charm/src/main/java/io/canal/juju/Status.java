package io.canal.juju;

import java.util.Locale;

/** A unit's workload status. */
public record Status(Kind kind, String message) {

    /** The statuses that a charm may set. */
    public enum Kind {
        MAINTENANCE,
        BLOCKED,
        WAITING,
        ACTIVE;

        /** Juju's word for it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The charm is at work. */
    public static Status maintenance(String message) {
        return new Status(Kind.MAINTENANCE, message);
    }

    /** Nothing will go on until an operator does something; the message says what. */
    public static Status blocked(String message) {
        return new Status(Kind.BLOCKED, message);
    }

    /** Something else has to come first, and will by itself. */
    public static Status waiting(String message) {
        return new Status(Kind.WAITING, message);
    }

    /** The workload does its job. */
    public static Status active(String message) {
        return new Status(Kind.ACTIVE, message);
    }
}
