package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.config.Listen;
import io.canal.control.AgentStatus;
import io.canal.model.Ip;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HealthServerTest {

    private final Metrics metrics = new Metrics();
    private volatile List<String> reasons = List.of();
    private volatile boolean alive = true;
    private @Nullable HealthServer server;
    private int port;

    @BeforeEach
    void listen() throws IOException {
        server = HealthServer.listen(new Listen(Ip.of("127.0.0.1"), 0), () -> alive, this::status, metrics);
        port = server.port();
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    private AgentStatus status() {
        return new AgentStatus(reasons.isEmpty(), reasons, "", "", 0, "", "", "", "", "", List.of(), false, "", List.of());
    }

    private String get(String path) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
        int code = connection.getResponseCode();
        try (var body = code < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return code + " " + new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void not_ready_says_what_is_missing() throws IOException {
        assertEquals("200 canal is ready\n", get("/readyz"));
        reasons = List.of("The watch of etcd is lost.", "There is no subnet yet.");
        assertEquals("503 The watch of etcd is lost.\nThere is no subnet yet.\n", get("/readyz"));
    }

    @Test
    void health_is_the_apply_loop() throws IOException {
        assertEquals("200 canal is running\n", get("/healthz"));
        alive = false;
        assertEquals("503 the apply loop does not turn\n", get("/healthz"));
    }

    @Test
    void numbers_are_in_prometheus_format() throws IOException {
        metrics.gauge("canal_peers", "Other nodes.", () -> 7);
        metrics.passed(List.of());
        metrics.passed(List.of("route"));
        String text = get("/metrics");
        assertTrue(text.contains("\ncanal_peers 7.0\n"), text);
        assertTrue(text.contains("\ncanal_apply_passes_total 2.0\n"), text);
        assertTrue(text.contains("\ncanal_apply_failures_total{stage=\"route\"} 1.0\n"), text);
    }

    @Test
    void other_paths_are_not_found() throws IOException {
        assertTrue(get("/metricsx").startsWith("404 "));
    }
}
