package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.controller.Model;
import io.canal.controller.Watcher;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is measured on a lab with systemd hosts: how long {@code canal up} takes after a {@code down}, and how long a hook takes. */
final class LabBench {

    private static final String LAB = "bench";
    private static final Pattern STEP = Pattern.compile("(\\S+) +(.*?) +([0-9.]+) s");
    private static final int ROUNDS = 15;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private LabBench() {}

    /** Three hosts, from nothing to packets between their pods, and each step of it. */
    static Report up(Path program) throws Exception {
        Report report = new Report("up");
        canal(program, "down");
        try {
            long start = System.nanoTime();
            String said = canal(program, "up", "--hosts", "3");
            report.figure("up of 3 hosts after a down", "s", sample((System.nanoTime() - start) / 1e9), Of.P50, 40, "not run");
            steps(said).forEach((step, seconds) -> report.figure("step " + step, "s", sample(seconds), "not run"));
        } finally {
            long start = System.nanoTime();
            canal(program, "down");
            report.figure("down", "s", sample((System.nanoTime() - start) / 1e9), "not run");
        }
        return report;
    }

    /** Hooks of canal's unit on a lab of one host, as its controller sees them: SSH, machine lock and hook tools included. */
    static Report hook(Path program) throws Exception {
        Report report = new Report("hook");
        canal(program, "down");
        try {
            canal(program, "up", "--hosts", "1");
            Times times = new Times();
            try (Model model = Model.open(Places.usual().part(new LabName(LAB), "model"), LAB, times)) {
                for (int i = 0; i < ROUNDS; i++) {
                    model.refreshStatuses();
                    model.settle(PATIENCE);
                }
                for (int i = 0; i < ROUNDS; i++) {
                    model.configure("canal", Map.of("log-level", i % 2 == 0 ? "debug" : "info"));
                    model.settle(PATIENCE);
                }
                report.figure("update-status", "ms", times.of("update-status"), Of.P50, 350, "a bash hook under Juju 4: 250 ms");
                report.figure("config-changed, the agent's configuration changed", "ms", times.of("config-changed"), Of.P50, 350,
                        "a bash hook under Juju 4: 250 ms");
            }
        } finally {
            canal(program, "down");
        }
        return report;
    }

    /** How long canal's hooks took, by name. */
    private static final class Times implements Watcher {

        private final Map<String, List<Double>> millis = new ConcurrentHashMap<>();

        @Override
        public void hookEnded(String unit, String hook, Duration took, int code) {
            if (unit.startsWith("canal/")) {
                millis.computeIfAbsent(hook, name -> new ArrayList<>()).add(took.toNanos() / 1e6);
            }
        }

        Sample of(String hook) {
            return new Sample(millis.getOrDefault(hook, List.of()).stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    private static Sample sample(double value) {
        return new Sample(new double[] {value});
    }

    private static Map<String, Double> steps(String said) {
        Map<String, Double> steps = new LinkedHashMap<>();
        said.lines().forEach(line -> {
            Matcher step = STEP.matcher(line.strip());
            if (step.matches()) {
                steps.put(step.group(1) + " (" + step.group(2).strip() + ")", Double.parseDouble(step.group(3)));
            }
        });
        return steps;
    }

    /** Runs a command of this checkout on the bench's own lab; what it printed. */
    private static String canal(Path program, String... words) throws IOException, InterruptedException {
        // charm/target/program
        Path launcher = program.resolve("../../../canal").normalize();
        List<String> argv = new ArrayList<>(List.of(launcher.toString()));
        argv.addAll(List.of(words));
        argv.addAll(List.of("--lab", LAB));
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        if (code != 0) {
            throw new IOException("canal " + String.join(" ", words) + " ended with " + code + ":\n" + said);
        }
        return said;
    }
}
