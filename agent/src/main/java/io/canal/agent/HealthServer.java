package io.canal.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.canal.config.Listen;
import io.canal.control.AgentStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * {@code /healthz}, {@code /readyz} and {@code /metrics} over HTTP.
 *
 * <p>Healthy means that the apply loop turns. Ready means what {@link AgentStatus#ready} means; if not, the answer is 503 and says
 * what is missing, a line each.
 */
final class HealthServer implements AutoCloseable {

    private static final String TEXT = "text/plain; charset=utf-8";

    private final HttpServer server;

    /** A page: what it answers. */
    private record Answer(int code, String type, byte[] body) {}

    private HealthServer(HttpServer server) {
        this.server = server;
    }

    static HealthServer listen(Listen listen, BooleanSupplier alive, Supplier<AgentStatus> status, Metrics metrics) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(listen.address().toInetAddress(), listen.port()), 16);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        page(server, "/healthz", () -> alive.getAsBoolean() ? text(200, "canal is running\n") : text(503, "the apply loop does not turn\n"));
        page(server, "/readyz", () -> {
            AgentStatus now = status.get();
            return now.ready() ? text(200, "canal is ready\n") : text(503, String.join("\n", now.reasons()) + "\n");
        });
        page(server, "/metrics", () -> new Answer(200, Metrics.CONTENT_TYPE, metrics.scrape()));
        server.start();
        return new HealthServer(server);
    }

    /** The port that is listened on. */
    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private static void page(HttpServer server, String path, Supplier<Answer> answers) {
        server.createContext(path, exchange -> {
            try (exchange) {
                boolean exact = exchange.getRequestURI().getPath().equals(path);
                send(exchange, exact ? answers.get() : text(404, "only /healthz, /readyz and /metrics are here\n"));
            }
        });
    }

    private static Answer text(int code, String text) {
        return new Answer(code, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(answer.code(), head ? -1 : answer.body().length);
        if (!head) {
            exchange.getResponseBody().write(answer.body());
        }
    }
}
