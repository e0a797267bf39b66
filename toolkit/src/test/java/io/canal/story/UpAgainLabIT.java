package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import io.canal.lab.Program.Outcome;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code canal up} on a lab that is up, with another charm, more hosts and other options. */
@Tag("lab")
@Order(3)
class UpAgainLabIT {

    private static final LabName NAME = LabName.ofCheckout(Canal.home().resolve("againstory"));

    @TempDir
    private Path checkout;

    /** Of a run that was killed before, too. */
    @BeforeEach
    @AfterEach
    void remove() {
        Lab.remove(Places.usual(), NAME);
    }

    @Test
    void another_charm_is_an_upgrade_more_hosts_are_more_units_and_options_are_set_while_the_hosts_run_on() throws Exception {
        Canal.must("up", "--lab", NAME.text(), "--hosts", "1", "--etcd", "1", "--timeout", "240s");
        Host first = Lab.hostsOf(Places.usual(), NAME).getFirst();
        String boot = first.bootId();
        String subnet = Units.messageOn(status(), first.name());
        changeCharm();
        String printed = Canal.mustAt(checkout, "up", "--lab", NAME.text(), "--hosts", "2", "--dataplane", "iptables", "--config", "mtu=1400", "--timeout", "240s");
        assertTrue(Pattern.compile("(?m)^changes +charm of canal, options, node/1 on h2; [0-9]+ hooks").matcher(printed).find(), printed);
        assertTrue(printed.contains("2 of 2 pairs"), printed);
        assertEquals(boot, first.bootId());
        assertEquals(subnet, Units.messageOn(status(), first.name()));
        assertTrue(first.program("cat", "/var/lib/juju/agents/unit-canal-0/charm/changed").must().contains("by the test"));
        assertTrue(Canal.must("show-status-log", "--lab", NAME.text(), "-n", "200", "canal/0").contains("upgrade-charm"), "the hook ran");
        assertEquals("1400", Canal.must("config", "--lab", NAME.text(), "canal", "mtu").strip());
        assertTrue(first.program("iptables-save").must().contains(":cali-FORWARD "), "the option is in force on the host that was there");
        assertEquals(List.of("h1", "h2"), Lab.hostsOf(Places.usual(), NAME).stream().map(Host::name).toList());
    }

    @Test
    void three_members_of_etcd_on_fewer_hosts_are_refused_before_anything_is_made() {
        Outcome outcome = Canal.run("up", "--lab", NAME.text(), "--hosts", "2", "--etcd", "3");
        assertNotEquals(0, outcome.code());
        assertTrue(outcome.err().contains("--etcd 3 needs 3 hosts, and there would be 2."), outcome.err());
        assertEquals(List.of(), Lab.hostsOf(Places.usual(), NAME));
    }

    private static String status() {
        return Canal.must("status", "--lab", NAME.text(), "--timeout", "120s", "--format", "json");
    }

    /** A checkout whose packed charm has one file more. */
    private void changeCharm() throws IOException {
        Path ours = Canal.home().resolve("charm/target");
        Path theirs = Files.createDirectories(checkout.resolve("charm/target"));
        Files.createDirectories(checkout.resolve("toolkit/src/main"));
        Files.createSymbolicLink(checkout.resolve("toolkit/src/main/charms"), Canal.home().resolve("toolkit/src/main/charms"));
        try (var charms = Files.newDirectoryStream(ours, "canal_*.charm")) {
            for (Path charm : charms) {
                Path copy = Files.copy(charm, theirs.resolve(charm.getFileName()), StandardCopyOption.REPLACE_EXISTING);
                try (FileSystem zip = FileSystems.newFileSystem(copy, Map.of("enablePosixFileAttributes", true))) {
                    Files.writeString(zip.getPath("/changed"), "by the test\n");
                }
            }
        }
    }
}
