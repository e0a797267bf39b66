package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Pause;
import io.canal.lab.Places;
import io.canal.lab.pod.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("lab")
@Order(16)
@ExtendWith(StoryLab.class)
class TwoLabsLabIT {

    private static final LabName OTHER = LabName.ofCheckout(Canal.home().resolve("secondstory"));

    @Test
    void a_lab_that_is_killed_costs_its_neighbour_no_packet_and_the_next_command_removes_it_alone() throws Exception {
        Pod a = StoryLab.pod("two-a", StoryLab.host(1));
        Pod b = StoryLab.pod("two-b", StoryLab.host(2));
        List<String> before = things(StoryLab.NAME);
        try (PacketStream stream = PacketStream.start(StoryLab.pods().netns(a), a.address(), StoryLab.pods().netns(b), b.address(), 200)) {
            Process up = new ProcessBuilder(Canal.argv("up", "--lab", OTHER.text(), "--hosts", "2", "--etcd", "1"))
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            try {
                assertTrue(Pause.until(Duration.ofSeconds(240), () -> hasHook(OTHER)), "the other lab runs hooks");
                List<Host> others = Lab.hostsOf(Places.usual(), OTHER);
                assertEquals(StoryLab.host(1).address(), others.getFirst().address());
            } finally {
                up.destroyForcibly().waitFor();
            }
            assertTrue(!things(OTHER).isEmpty(), "a killed command leaves its lab");
            Canal.must("down", "--lab", "nosuchlab");
            assertEquals(List.of(), things(OTHER));
            assertEquals(before, things(StoryLab.NAME));
            PacketStream.Report report = stream.stop();
            assertEquals(0, report.lost(), report.toString());
        }
    }

    private static boolean hasHook(LabName lab) {
        return Lab.hostsOf(Places.usual(), lab).stream().anyMatch(host -> host.isUp() && Files.exists(host.path("/opt/cni/bin/host-local")));
    }

    /** All that carries the name of a lab on this machine. */
    private static List<String> things(LabName lab) throws IOException {
        List<String> found = new ArrayList<>();
        for (String folder : new String[] {"/run/netns", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified",
            "/run/systemd/nspawn/propagate", "/var/lib/canal-lab"}) {
            if (Files.isDirectory(Path.of(folder))) {
                try (Stream<Path> entries = Files.list(Path.of(folder))) {
                    entries.map(Path::toString).filter(path -> path.contains("canal-" + lab + "-") || path.endsWith("/" + lab)).forEach(found::add);
                }
            }
        }
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            mounts.filter(line -> line.contains("/canal-lab/" + lab + "/")).forEach(found::add);
        }
        found.sort(null);
        return found;
    }
}
