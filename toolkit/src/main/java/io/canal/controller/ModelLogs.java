package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The two logs of a model, for reading: what units and their hooks said, and how their statuses changed. */
public final class ModelLogs {

    /**
     * A line of the log, which may go over several lines of text.
     *
     * @param unit its tag, such as {@code unit-canal-0}
     * @param date such as {@code 2026-11-25}, in UTC as the time
     * @param module such as {@code unit.canal/0.config-changed}
     */
    public record Line(String unit, String date, String time, String level, String module, String message) {}

    /**
     * An entry of the status log.
     *
     * @param type {@code workload} or {@code juju-unit}
     */
    public record StatusChange(Instant time, String unit, String type, String status, String message) {}

    private static final Pattern LINE = Pattern.compile("(\\S+): (\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d) ([A-Z]+) (\\S+) (.*)");

    private ModelLogs() {}

    /** The lines of a piece of the log file that begins at the begin of a line. */
    public static List<Line> lines(String text) {
        List<Line> lines = new ArrayList<>();
        text.lines().forEach(raw -> {
            Matcher found = LINE.matcher(raw);
            if (found.matches()) {
                lines.add(new Line(found.group(1), found.group(2), found.group(3), found.group(4), found.group(5), found.group(6)));
            } else if (!lines.isEmpty()) {
                Line last = lines.removeLast();
                lines.add(new Line(last.unit(), last.date(), last.time(), last.level(), last.module(), last.message() + "\n" + raw));
            }
        });
        return lines;
    }

    /** The file that holds the log of the model in a folder. It only grows. */
    public static Path logFile(Path folder) {
        return folder.resolve("log");
    }

    /** All changes of a unit's statuses, the oldest first. */
    public static List<StatusChange> statuses(Path folder, String unit) throws IOException {
        Path file = folder.resolve("status-log");
        if (!Files.exists(file)) {
            return List.of();
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.flatMap(line -> change(line).stream()).filter(change -> change.unit().equals(unit)).toList();
        }
    }

    /** A command that was killed may have left half a line. */
    private static Optional<StatusChange> change(String line) {
        try {
            JsonNode entry = Trees.json(line);
            return Optional.of(new StatusChange(Instant.parse(entry.path("time").asText()), entry.path("unit").asText(),
                    entry.path("type").asText(), entry.path("status").asText(), entry.path("message").asText()));
        } catch (RuntimeException halfWritten) {
            return Optional.empty();
        }
    }
}
