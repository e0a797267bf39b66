package io.canal.controller;

import java.time.Duration;

/** Hears what a model does, for progress on a terminal. Called from several threads, one call at a time. */
public interface Watcher {

    /** Hears nothing. */
    Watcher NONE = new Watcher() {};

    /** A hook or action of a unit begins. */
    default void hookStarted(String unit, String hook) {}

    /** It ended: code 0 is success, −1 means that it could not be brought to an end. */
    default void hookEnded(String unit, String hook, Duration took, int code) {}

    /** A unit or its hook says something: level is Juju's, such as INFO or WARNING. */
    default void log(String unit, String level, String text) {}

    /** An action that runs says something. */
    default void taskLog(String task, String text) {}

    /** Not all is settled yet, and has not been for some seconds: what is waited for, whenever that is something else. */
    default void waiting(String reasons) {}

    /** Something else that takes time, such as sending a charm to a host. */
    default void step(String text) {}
}
