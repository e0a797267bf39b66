package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.pod.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Programs of systemd take all devices of a node that they are not told to leave alone; of ours they are told. */
@Tag("lab")
@Order(12)
@ExtendWith(StoryLab.class)
class NetworkServicesLabIT {

    private static final int PER_SECOND = 1_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String NETWORKD = "systemd-networkd.service";

    /** Without udevd, which is no use in a container, it takes devices as it finds them, but only where nothing can be written to /sys. */
    private static final String WITHOUT_UDEV = "[Service]\nReadOnlyPaths=/sys\n";

    private static final Map<String, String> FILES = Map.of(
            "/etc/systemd/system/" + NETWORKD + ".d/lab.conf", WITHOUT_UDEV,
            "/etc/systemd/network/90-all.network", """
                    [Match]
                    Name=!lo eth0
                    [Link]
                    MTUBytes=1300
                    [Network]
                    LinkLocalAddressing=no
                    IPv6AcceptRA=no
                    """);

    private Host h1;
    private Pod near;
    private Pod far;
    private String before;

    @BeforeEach
    void two_pods_and_a_device_of_somebody_else() throws IOException {
        h1 = StoryLab.host(1);
        near = StoryLab.pod("services-h1", h1);
        far = StoryLab.pod("services-h2", StoryLab.host(2));
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            Path path = h1.path(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
        h1.program("ip", "link", "add", "others0", "type", "veth", "peer", "name", "others1").must();
        h1.program("ip", "link", "set", "others0", "up").must();
        h1.program("ip", "link", "set", "others1", "up").must();
        before = ours();
    }

    @AfterEach
    void as_it_was() throws IOException {
        h1.program("systemctl", "stop", NETWORKD).run();
        h1.program("systemctl", "mask", NETWORKD).must();
        for (String file : FILES.keySet()) {
            Files.delete(h1.path(file));
        }
        h1.program("systemctl", "daemon-reload").must();
        h1.program("ip", "link", "delete", "others0").must();
    }

    @Test
    void networkd_takes_all_other_devices_and_none_of_ours() throws Exception {
        try (PacketStream there = stream(near, far); PacketStream back = stream(far, near)) {
            start();
            awaitConfigured();
            h1.program("systemctl", "restart", NETWORKD).must();
            awaitConfigured();
            Map<String, String> setup = networkd();
            assertEquals(List.of(), setup.entrySet().stream().filter(link -> isOurs(link.getKey()) && !link.getValue().equals("unmanaged")).toList());
            assertTrue(h1.program("ip", "link", "show", "others0").must().contains(" mtu 1300 "), "what is not ours is taken");
            assertNothingLost(there, back);
        }
    }

    @Test
    void udev_takes_our_link_file_for_our_devices_alone() {
        List<String> links = links();
        assertTrue(links.stream().filter(NetworkServicesLabIT::isOurs).count() >= 2, links::toString);
        for (String link : links) {
            // The /sys of a container has the devices of the machine that it is on.
            String said = h1.program("unshare", "--mount", "sh", "-euc", "mount -t sysfs sysfs /sys; exec udevadm test-builtin net_setup_link /sys/class/net/" + link).must();
            assertEquals(isOurs(link), said.contains("ID_NET_LINK_FILE=/etc/systemd/network/10-canal.link"), link + ": " + said);
        }
    }

    private static boolean isOurs(String link) {
        return link.startsWith("cali") || link.startsWith("flannel");
    }

    private void assertNothingLost(PacketStream... streams) throws InterruptedException {
        List<PacketStream.Report> reports = PacketStream.stop(List.of(streams));
        assertTrue(reports.stream().allMatch(report -> report.sent() > PER_SECOND / 10), reports::toString);
        assertEquals(List.of(0, 0), reports.stream().map(PacketStream.Report::lost).toList(), reports::toString);
        assertEquals(before, ours());
    }

    private static PacketStream stream(Pod from, Pod to) throws IOException {
        var pods = StoryLab.pods();
        return PacketStream.start(pods.netns(from), from.address(), pods.netns(to), to.address(), PER_SECOND);
    }

    private void start() {
        h1.program("systemctl", "unmask", NETWORKD).must();
        h1.program("systemctl", "daemon-reload").must();
        h1.program("systemctl", "start", NETWORKD).must();
    }

    private void awaitConfigured() {
        assertTrue(Pause.until(PATIENCE, () -> networkd().get("others0").equals("configured") && networkd().get("others1").equals("configured")),
                () -> networkd() + "\n" + h1.program("journalctl", "-u", NETWORKD, "-n", "40", "--no-pager").must());
    }

    /** By device, such as configured or unmanaged. */
    private Map<String, String> networkd() {
        Map<String, String> setup = new TreeMap<>();
        h1.program("networkctl", "list", "--no-legend", "--no-pager").must().lines().map(line -> line.strip().split("\\s+"))
                .forEach(words -> setup.put(words[1], words[4]));
        return setup;
    }

    private List<String> links() {
        return h1.program("ip", "-o", "link").must().lines().map(line -> line.split("[:@] ?")[1].strip())
                .filter(name -> !name.equals("lo") && !name.startsWith("others")).sorted().toList();
    }

    /** All that the kernel has of our devices. */
    private String ours() {
        StringBuilder all = new StringBuilder();
        for (String link : links()) {
            if (isOurs(link)) {
                for (String what : List.of("link", "address", "route", "-6 route", "neigh")) {
                    all.append(h1.program(("ip -o " + what + " show dev " + link).split(" ")).must());
                }
                all.append(h1.program("bridge", "fdb", "show", "dev", link).must());
            }
        }
        return all.toString().replaceAll("(REACHABLE|STALE|DELAY|PROBE| tentative)", "");
    }
}
