package io.canal.kernel.testing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures steps by name and prints a table of their times. */
public final class Timing {

    private final String title;
    private final Map<String, List<Long>> micros = new LinkedHashMap<>();

    /** A step that may fail. */
    @FunctionalInterface
    public interface Step {

        void run() throws Exception;
    }

    public Timing(String title) {
        this.title = title;
    }

    public void measure(String name, Step step) throws Exception {
        long start = System.nanoTime();
        step.run();
        micros.computeIfAbsent(name, none -> new ArrayList<>()).add((System.nanoTime() - start) / 1000);
    }

    /** In microseconds. */
    public long median(String name) {
        return percentile(name, 50);
    }

    private long percentile(String name, int percent) {
        List<Long> sorted = micros.get(name).stream().sorted().toList();
        return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
    }

    /** A line a step: how often, median and 99th percentile in milliseconds. */
    public void print() {
        System.out.printf("%-45s %6s %9s %9s%n", title, "n", "p50 ms", "p99 ms");
        micros.forEach((name, times) -> System.out.printf("%-45s %6d %9.3f %9.3f%n", name, times.size(), percentile(name, 50) / 1000.0,
                percentile(name, 99) / 1000.0));
    }
}
