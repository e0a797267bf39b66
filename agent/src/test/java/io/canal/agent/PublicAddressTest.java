package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.network.Uplink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicAddressTest {

    @TempDir
    private Path folder;

    private PublicAddress address;

    @BeforeEach
    void start() {
        address = new PublicAddress(folder, Runnable::run);
    }

    private static Uplink uplink(String address) {
        return Uplink.of(2, "eth0", 1500, IpPrefix.of(address));
    }

    private void assertAddress(String expected, String configured, String uplink) {
        assertEquals(Optional.of(Ip.of(expected)),
                address.of(Optional.of(configured).filter(text -> !text.isEmpty()).map(Ip::of), uplink(uplink)));
    }

    @Test
    void it_is_the_uplinks_where_the_configuration_names_none_or_that_one() {
        assertAddress("10.10.0.1", "", "10.10.0.1/24");
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
    }

    @Test
    void a_translated_address_is_used() {
        assertAddress("203.0.113.1", "203.0.113.1", "10.10.0.1/24");
    }

    @Test
    void what_the_uplink_does_not_have_any_more_is_not() {
        assertAddress("10.10.0.71", "10.10.0.1", "10.10.0.71/24");
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
    }

    @Test
    void nor_after_a_restart_in_another_network() {
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        start();
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
        assertAddress("203.0.113.1", "203.0.113.1", "10.20.0.9/24");
    }

    @Test
    void what_the_configuration_names_anew_is_translated() {
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
        assertAddress("10.20.0.9", "", "10.20.0.9/24");
        assertAddress("10.10.0.1", "10.10.0.1", "10.20.0.9/24");
        start();
        assertAddress("10.10.0.1", "10.10.0.1", "10.20.0.9/24");
    }

    @Test
    void what_could_not_be_written_is_written_when_the_disk_has_room() throws IOException {
        Path taken = folder.resolve("taken");
        Files.writeString(taken, "");
        address = new PublicAddress(taken, Runnable::run);
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        Files.delete(taken);
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        address = new PublicAddress(taken, Runnable::run);
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
    }

    @Test
    void nobody_waits_for_the_disk() {
        List<Runnable> hanging = new ArrayList<>();
        address = new PublicAddress(folder, hanging::add);
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        assertEquals(1, hanging.size());
        assertFalse(Files.exists(folder.resolve("uplink-addresses")));
    }

    @Test
    void what_is_passed_over_is_named_and_nothing_else_is() {
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        assertEquals(Optional.of("The configuration names 10.10.0.1 as public-ip, which eth0 does not have; 10.20.0.9 is used."
                        + " It had it once; if a translation on the way gives it now, remove " + folder.resolve("uplink-addresses") + " and restart canal-agent."),
                address.note(Ip.parse("10.10.0.1"), uplink("10.20.0.9/24")));
        assertEquals(Optional.empty(), address.note(Ip.parse("10.10.0.1"), uplink("10.10.0.1/24")));
        assertEquals(Optional.empty(), address.note(Ip.parse("203.0.113.1"), uplink("10.20.0.9/24")));
        assertEquals(Optional.empty(), address.note(Optional.empty(), uplink("10.20.0.9/24")));
    }

    @Test
    void a_file_that_is_no_text_keeps_nobody_from_starting() throws IOException {
        Files.write(folder.resolve("uplink-addresses"), new byte[] {(byte) 0xff, '\n', '1', '0', '.', '1', '0', '.', '0', '.', '1', '\n'});
        start();
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
    }
}
