package io.canal.juju;

/** Juju's log levels, as far as a charm needs them. */
public enum LogLevel {
    DEBUG,
    INFO,
    WARNING,
    ERROR
}
