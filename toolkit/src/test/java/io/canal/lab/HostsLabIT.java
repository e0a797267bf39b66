package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("lab")
@Order(1)
class HostsLabIT {

    private final LabName first = LabName.ofCheckout(Path.of(System.getProperty("canal.home"), "hostsa"));
    private final LabName second = LabName.ofCheckout(Path.of(System.getProperty("canal.home"), "hostsb"));

    @TempDir
    Path labs;

    @AfterEach
    void leave_nothing() {
        Leftovers.remove(places());
        assertEquals(List.of(), thingsNamed(first.prefix()));
        assertEquals(List.of(), thingsNamed(second.prefix()));
    }

    private Places places() {
        return new Places(labs, Places.usual().cache());
    }

    @Test
    void hosts_reach_each_other_and_keep_their_disk_but_not_their_kernel_over_a_reboot() {
        try (Lab lab = Lab.open(places(), first)) {
            Host h1 = lab.powerOn(2).getFirst();
            h1.program("ping", "-c", "1", "-W", "2", "10.10.0.2").must();
            h1.program("systemctl", "is-system-running", "--wait").must();

            String boot = h1.bootId();
            h1.program("touch", "/root/mark").must();
            h1.program("ip", "link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "dev", "eth0").must();
            h1.reboot();

            assertNotEquals(boot, h1.bootId());
            h1.program("test", "-e", "/root/mark").must();
            assertFalse(h1.program("ip", "link", "show", "flannel.1").run().succeeded());
            h1.program("ping", "-c", "1", "-W", "2", "10.10.0.2").must();
        }
    }

    @Test
    void two_labs_with_equal_addresses_do_not_meet_and_a_dead_one_is_removed_by_the_next_command() {
        try (Lab dead = Lab.open(places(), first)) {
            dead.powerOn(2);
        }
        try (Lab lab = Lab.open(places(), second)) {
            assertEquals(List.of(), thingsNamed(first.prefix()), "what the dead lab left");
            lab.powerOn(1);
            lab.keep();
        }
        try (Lab again = Lab.open(places(), first)) {
            again.powerOn(2);
            Host other = Lab.hostsOf(places(), second).getFirst();
            assertTrue(other.isUp(), "the kept lab");
            assertFalse(other.program("ping", "-c", "1", "-W", "1", "10.10.0.2").run().succeeded(), "10.10.0.2 of the other lab");
            LabException refused = assertThrows(LabException.class, () -> Lab.existing(places(), first));
            assertTrue(refused.getMessage().contains("in use by another command"), refused.getMessage());
        }
        try (Lab kept = Lab.existing(places(), second)) {
            kept.remove();
        }
    }

    private static List<String> thingsNamed(String prefix) {
        Stream<String> mounts = lines(Path.of("/proc/self/mounts")).stream().filter(line -> line.contains(prefix));
        return Stream.of(Cgroup.names().stream(), list(Path.of("/run/netns")), list(Path.of("/run/systemd/nspawn/propagate")), mounts)
                .flatMap(names -> names).filter(name -> name.contains(prefix)).toList();
    }

    private static Stream<String> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList().stream();
        } catch (IOException absent) {
            return Stream.empty();
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }
}
