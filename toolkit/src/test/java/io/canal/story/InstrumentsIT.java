package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Pause;
import io.canal.lab.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the story is measured with must see a loss where there is one, and none where there is none. */
@Tag("alone")
class InstrumentsIT {

    private static final String A = "canalins-a";
    private static final String B = "canalins-b";

    private final Path a = Path.of("/run/netns", A);
    private final Path b = Path.of("/run/netns", B);

    @BeforeEach
    void two_namespaces_with_a_wire() {
        remove();
        ip("netns", "add", A);
        ip("netns", "add", B);
        ip("link", "add", "eth0", "netns", A, "type", "veth", "peer", "name", "eth0", "netns", B);
        ip("-n", A, "address", "add", "10.99.0.1/24", "dev", "eth0");
        ip("-n", B, "address", "add", "10.99.0.2/24", "dev", "eth0");
        ip("-n", A, "link", "set", "eth0", "up");
        ip("-n", B, "link", "set", "eth0", "up");
    }

    @AfterEach
    void remove() {
        Program.of("ip", "netns", "delete", A).run();
        Program.of("ip", "netns", "delete", B).run();
    }

    @Test
    void a_stream_over_a_good_wire_loses_nothing() throws Exception {
        try (PacketStream stream = PacketStream.start(a, "10.99.0.1", b, "10.99.0.2", 1_000)) {
            Pause.ofMillis(1_000);
            PacketStream.Report report = stream.stop();
            assertTrue(report.sent() >= 900, report.toString());
            assertEquals(0, report.lost(), report.toString());
        }
    }

    @Test
    void a_wire_that_is_cut_for_a_while_is_seen_as_one_gap_of_that_length() throws Exception {
        try (PacketStream stream = PacketStream.start(a, "10.99.0.1", b, "10.99.0.2", 1_000)) {
            Pause.ofMillis(300);
            rule("add", "table", "inet", "cut", "{ chain c { type filter hook input priority 0; udp length > 0 drop; }; }");
            Pause.ofMillis(300);
            rule("delete", "table", "inet", "cut");
            Pause.ofMillis(300);
            PacketStream.Report report = stream.stop();
            assertEquals(1, report.gaps().size(), report.toString());
            assertTrue(report.lost() >= 250, report.toString());
        }
    }

    @Test
    void connections_tell_who_came_and_which_failed() throws Exception {
        try (ConnectionStream stream = new ConnectionStream("a to b", a, b, "10.99.0.2", 0, "10.99.0.2", 0)) {
            Pause.ofMillis(500);
            ConnectionStream.Report report = stream.stop();
            assertTrue(report.made() >= 30, report.toString());
            assertEquals(List.of(), report.failures());
            assertEquals(Set.of("10.99.0.1"), report.seenFrom());
            assertEquals(List.of(), Threads.astray());
        }
        try (ConnectionStream stream = new ConnectionStream("a to b", a, b, "10.99.0.2", 0, "10.99.0.2", 0)) {
            Pause.ofMillis(200);
            rule("add", "table", "inet", "cut", "{ chain c { type filter hook input priority 0; tcp flags & (syn|ack) == syn drop; }; }");
            Pause.ofMillis(100);
            rule("delete", "table", "inet", "cut");
            ConnectionStream.Report report = stream.stop();
            assertTrue(report.failures().size() >= 5, report.toString());
        }
    }

    private static void ip(String... arguments) {
        Program.of("ip").with(arguments).must();
    }

    private static void rule(String... arguments) {
        Program.of("ip", "netns", "exec", B, "nft").with(String.join(" ", arguments)).must();
    }
}
