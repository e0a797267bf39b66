package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.PodSpec.HostPort;
import io.canal.lab.pod.Pods;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("lab")
@Order(14)
@ExtendWith(StoryLab.class)
class DataplaneLabIT {

    private static final String OUTSIDE = "10.10.0.254";
    private static final Duration SWITCHED_WITHIN = Duration.ofSeconds(30);

    @AfterEach
    void as_it_was() {
        StoryLab.canal("config", "canal", "dataplane=auto");
    }

    @Test
    void switching_the_packet_filter_fails_no_new_connection() throws Exception {
        Host h1 = StoryLab.host(1);
        Host h2 = StoryLab.host(2);
        Pods pods = StoryLab.pods();
        Pod client = StoryLab.pod("switch-client", h1);
        Pod server = StoryLab.pod(new PodSpec("default", "switch-server", Map.of(), List.of(), List.of(HostPort.parse("8080:80/TCP"))), h2);
        List<ConnectionStream.Report> reports = new ArrayList<>();
        try (ConnectionStream across = new ConnectionStream("pod to pod", pods.netns(client), pods.netns(server), server.address(), 0,
                        server.address(), 0);
                ConnectionStream out = new ConnectionStream("pod to outside", pods.netns(client), StoryLab.outside(), OUTSIDE, 0, OUTSIDE, 0);
                ConnectionStream in = new ConnectionStream("outside to host port", StoryLab.outside(), pods.netns(server), server.address(), 80,
                        h2.address(), 8080)) {
            for (String dataplane : List.of("iptables", "nftables", "iptables", "nftables")) {
                StoryLab.canal("config", "canal", "dataplane=" + dataplane);
                for (Host host : List.of(h1, h2)) {
                    assertTrue(Pause.until(SWITCHED_WITHIN, () -> PacketFilters.of(host).equals(List.of(dataplane))),
                            host + " uses " + PacketFilters.of(host) + " and not " + dataplane + " alone");
                }
                Pause.ofMillis(500);
            }
            for (ConnectionStream stream : List.of(across, out, in)) {
                reports.add(stream.stop());
            }
        }
        for (ConnectionStream.Report report : reports) {
            assertTrue(report.made() > 100, report.toString());
            assertEquals(List.of(), report.failures(), report.name() + ", of " + report.made());
        }
        assertEquals(Set.of(h1.address()), reports.get(1).seenFrom(), "what leaves the network is masqueraded");
        assertEquals(Set.of(client.address()), reports.get(0).seenFrom(), "what stays in the network is not");
    }
}
