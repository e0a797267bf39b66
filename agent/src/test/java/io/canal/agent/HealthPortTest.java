package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.Conditions.Weight;
import io.canal.config.Listen;
import io.canal.control.AgentStatus;
import io.canal.model.Ip;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class HealthPortTest {

    private final Conditions conditions = new Conditions(() -> {});
    @AutoClose
    private final HealthPort health = new HealthPort(listen -> HealthServer.listen(listen, () -> true, HealthPortTest::status, new Metrics()), conditions);

    @Test
    void a_port_that_another_program_has_is_served_as_soon_as_that_has_gone() throws IOException {
        Listen there;
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            there = new Listen(Ip.of("127.0.0.1"), other.getLocalPort());
            health.listen(there);
            health.retry();
            assertEquals(0, health.port());
            String note = String.join(" ", conditions.sentences(Weight.NOTE));
            assertTrue(note.contains(there.toString()), note);
        }
        health.retry();
        assertEquals(there.port(), health.port());
        assertEquals(List.of(), conditions.sentences(Weight.NOTE));
    }

    @Test
    void what_is_served_is_left_alone_and_what_was_closed_stays_closed() {
        health.listen(new Listen(Ip.of("127.0.0.1"), 0));
        int port = health.port();
        health.retry();
        assertEquals(port, health.port());
        health.close();
        health.retry();
        assertEquals(0, health.port());
    }

    private static AgentStatus status() {
        return new AgentStatus(true, List.of(), "", "", 0, "", "", "", "", "", List.of(), false, "", List.of());
    }
}
