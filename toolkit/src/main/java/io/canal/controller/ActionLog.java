package io.canal.controller;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times as Juju's documents about actions print them: {@code 2026-11-25 15:42:54.351450945 +0000 UTC}. */
final class ActionLog {

    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private ActionLog() {}

    static String time(Instant time) {
        String fraction = String.format("%09d", time.getNano()).replaceAll("0+$", "");
        return SECONDS.format(time) + (fraction.isEmpty() ? "" : "." + fraction) + " +0000 UTC";
    }

    static String line(Instant time, String message) {
        return time(time) + " " + message;
    }
}
