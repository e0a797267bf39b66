package io.canal.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a bench prints: one JSON document with the machine, and a row for each figure with its target and its yardstick.
 *
 * <p>A row is {@code {"name","unit","count","min","p50","p99","max","load","yardstick","of","target","met"}}. {@code met} compares the figure
 * that the target is for ({@code "of"}: p50, p99 or max), as it is printed. {@code yardstick} says in words what others need on such a machine; it
 * is {@code not run} where the other program was not measured in the same run.
 */
final class Report {

    /** Which figure of a row the target is for. */
    enum Of {
        P50,
        P99,
        MAX
    }

    private final ObjectNode root = Json.object();
    private final ArrayNode rows;

    Report(String bench) {
        root.put("bench", bench);
        ObjectNode machine = root.putObject("machine");
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        machine.put("kernel", read("/proc/sys/kernel/osrelease"));
        machine.put("load", read("/proc/loadavg").split(" ", 2)[0]);
        rows = root.putArray("figures");
    }

    /** A figure with a target: it is met where the figure is at most so much. */
    void figure(String name, String unit, Sample sample, Of of, double target, String yardstick) {
        double measured = switch (of) {
            case P50 -> sample.median();
            case P99 -> sample.percentile(0.99);
            case MAX -> sample.largest();
        };
        row(name, unit, sample, yardstick).put("of", of.name().toLowerCase(java.util.Locale.ROOT)).put("target", target).put("met", rounded(measured) <= target);
    }

    /** A figure without a target. */
    void figure(String name, String unit, Sample sample, String yardstick) {
        row(name, unit, sample, yardstick);
    }

    /** A figure whose median is to be at least so much; with the interval in which the median of all such runs is, nineteen times of twenty. */
    void atLeast(String name, String unit, Sample sample, double target, String yardstick) {
        ObjectNode row = row(name, unit, sample, yardstick);
        row.putArray("interval").add(rounded(sample.lowMedian())).add(rounded(sample.highMedian()));
        row.put("of", "p50").put("target", target).put("met", rounded(sample.median()) >= target);
    }

    private ObjectNode row(String name, String unit, Sample sample, String yardstick) {
        return rows.addObject()
                .put("name", name)
                .put("unit", unit)
                .put("count", sample.size())
                .put("min", rounded(sample.smallest()))
                .put("p50", rounded(sample.median()))
                .put("p99", rounded(sample.percentile(0.99)))
                .put("max", rounded(sample.largest()))
                .put("load", read("/proc/loadavg").split(" ", 2)[0])
                .put("yardstick", yardstick);
    }

    /** Says on stderr how far a long bench has come. */
    static void progress(String text) {
        System.err.println(text);
    }

    void print() {
        System.out.println(Json.pretty(root));
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
