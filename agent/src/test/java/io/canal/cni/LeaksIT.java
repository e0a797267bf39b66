package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.ipam.HostLocal;
import io.canal.model.Ip;
import io.canal.reconcile.testing.JumpingClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as leaked where somebody sets the time of day. */
class LeaksIT {

    private final JumpingClock clock = new JumpingClock();
    private final Path reservations;
    private final Path results;
    private final Path folder;
    private final Leaks leaks;

    LeaksIT(@TempDir Path folder) throws Exception {
        this.folder = folder;
        reservations = Files.createDirectories(folder.resolve("networks/net"));
        results = Files.createDirectories(folder.resolve("results"));
        leaks = start();
    }

    /** A life of the agent. */
    private Leaks start() throws Exception {
        return new Leaks(new HostLocal(folder.resolve("networks")), new Attachments(List.of()), List.of(results), "boot",
                new Begun(folder.resolve("run"), "boot", clock), clock);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1})
    void an_address_of_an_add_under_way_is_no_leak_though_the_clock_jumps_by_a_day(int days) throws Exception {
        reserve("10.1.49.2");
        clock.set(Duration.ofDays(days));
        assertEquals(List.of(), leaks.reclaim("net"));
        clock.pass(Duration.ofSeconds(61));
        assertEquals(List.of(Ip.of("10.1.49.2")), leaks.reclaim("net"));
    }

    @Test
    void a_result_of_this_boot_counts_though_the_clock_was_set_forward_since() throws Exception {
        reserve("10.1.49.3");
        Path result = Files.writeString(results.resolve("net-c0ffee-eth0"), "{\"result\":{\"ips\":[{\"address\":\"10.1.49.3/24\"}]}}");
        Files.setLastModifiedTime(result, FileTime.from(clock.now()));
        clock.set(Duration.ofDays(10_000));
        clock.pass(Duration.ofSeconds(61));
        leaks.reclaim("net");
        clock.pass(Duration.ofSeconds(61));
        assertEquals(List.of(), leaks.reclaim("net"));
    }

    @Test
    void a_result_of_this_boot_counts_also_for_an_agent_that_starts_after_the_clock_was_set_forward() throws Exception {
        reserve("10.1.49.4");
        Path result = Files.writeString(results.resolve("net-c0ffee-eth0"), "{\"result\":{\"ips\":[{\"address\":\"10.1.49.4/24\"}]}}");
        Files.setLastModifiedTime(result, FileTime.from(clock.now()));
        clock.set(Duration.ofDays(10_000));
        Leaks next = start();
        assertEquals(List.of(), next.reclaim("net"));
        clock.pass(Duration.ofSeconds(61));
        assertEquals(List.of(), next.reclaim("net"));
    }

    private void reserve(String address) throws Exception {
        Path file = Files.writeString(reservations.resolve(address), "c0ffee\r\neth0");
        Files.setLastModifiedTime(file, FileTime.from(clock.now()));
    }
}
