package io.canal.agent;

import io.canal.model.PacketCount;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The agent's numbers, for Prometheus.
 *
 * <p>Counters are plain adders, and gauges are read when somebody asks: the library is loaded by the first scrape, not by the
 * start of the agent.
 */
final class Metrics {

    /** What Prometheus' text format is called in HTTP. */
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final LongAdder passes = new LongAdder();
    private final Map<String, LongAdder> failures = new ConcurrentHashMap<>();
    private final Map<String, Gauge> gauges = new ConcurrentSkipListMap<>();

    private volatile Supplier<Map<PolicyHits.Series, PacketCount>> hits = Map::of;

    private volatile Supplier<Map<String, LongAdder>> repairs = Map::of;

    private record Gauge(String explanation, DoubleSupplier value) {}

    /** A pass of the apply loop has ended, in which these stages failed. */
    void passed(Iterable<String> failedStages) {
        passes.increment();
        failedStages.forEach(stage -> failures.computeIfAbsent(stage, _ -> new LongAdder()).increment());
    }

    /** A number that is read at each scrape. */
    void gauge(String name, String explanation, DoubleSupplier value) {
        gauges.put(name, new Gauge(explanation, value));
    }

    /** What policies have met, read at each scrape. */
    void hits(Supplier<Map<PolicyHits.Series, PacketCount>> now) {
        hits = now;
    }

    /** What was put back after others had changed it, by kind, read at each scrape. */
    void repairs(Supplier<Map<String, LongAdder>> now) {
        repairs = now;
    }

    private static void register(PrometheusRegistry registry, String name, String help, Map<PolicyHits.Series, PacketCount> counts,
            ToLongFunction<PacketCount> number) {
        CounterWithCallback.builder().name(name).help(help).labelNames("kind", "namespace", "policy", "direction", "action")
                .callback(callback -> counts.forEach((of, count) -> callback.call(number.applyAsLong(count),
                        of.kind(), of.namespace(), of.policy(), of.direction(), of.action()))).register(registry);
    }

    /** All numbers in Prometheus' text format. */
    byte[] scrape() {
        PrometheusRegistry registry = new PrometheusRegistry();
        CounterWithCallback.builder().name("canal_apply_passes_total").help("Runs of the apply loop.")
                .callback(callback -> callback.call(passes.sum())).register(registry);
        CounterWithCallback.builder().name("canal_apply_failures_total").help("Runs in which a stage failed.").labelNames("stage")
                .callback(callback -> failures.forEach((stage, count) -> callback.call(count.sum(), stage))).register(registry);
        CounterWithCallback.builder().name("canal_repairs_total").help("Things that somebody else changed and that were put back.").labelNames("kind")
                .callback(callback -> repairs.get().forEach((kind, count) -> callback.call(count.sum(), kind))).register(registry);
        gauges.forEach((name, gauge) -> GaugeWithCallback.builder().name(name).help(gauge.explanation())
                .callback(callback -> callback.call(gauge.value().getAsDouble())).register(registry));
        Map<PolicyHits.Series, PacketCount> counts = hits.get();
        if (!counts.isEmpty()) {
            register(registry, "canal_policy_packets_total", "Packets that began a connection and that a policy's rule matched.", counts, PacketCount::packets);
            register(registry, "canal_policy_bytes_total", "Bytes of these packets.", counts, PacketCount::bytes);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(2048);
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toByteArray();
    }
}
