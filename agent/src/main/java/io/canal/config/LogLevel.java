package io.canal.config;

import java.util.Locale;

/** How much the agent tells in its log; each level includes those before it. */
public enum LogLevel {
    ERROR,
    WARNING,
    INFO,
    DEBUG;

    /** The word in options and files. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
