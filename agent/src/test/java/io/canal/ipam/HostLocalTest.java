package io.canal.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostLocalTest {

    private static final Owner OWNER = new Owner("c0ffee", "eth0");

    @TempDir
    Path folder;

    private HostLocal ipam;

    @BeforeEach
    void open() {
        ipam = new HostLocal(folder);
    }

    @Test
    void the_files_are_those_of_host_local() throws Exception {
        assertEquals(List.of(Ip.of("10.1.49.2")), ipam.allocate("net", OWNER, List.of(set("10.1.49.0/24")), List.of()));
        assertEquals("c0ffee\r\neth0", Files.readString(folder.resolve("net/10.1.49.2")));
        assertEquals("10.1.49.2", Files.readString(folder.resolve("net/last_reserved_ip.0")));
        assertTrue(Files.exists(folder.resolve("net/lock")));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("net")), files.toList());
        }
    }

    @Test
    void both_families_are_given_from_their_sets() throws Exception {
        assertEquals(List.of(Ip.of("10.1.49.2"), Ip.of("fd00:10:244:1::2")),
                ipam.allocate("net", OWNER, List.of(set("10.1.49.0/24"), set("fd00:10:244:1::/64")), List.of()));
        assertEquals("c0ffee\r\neth0", Files.readString(folder.resolve("net/fd00:10:244:1::2")));
        assertEquals("fd00:10:244:1::2", Files.readString(folder.resolve("net/last_reserved_ip.1")));
    }

    @Test
    void an_owner_keeps_its_address() throws Exception {
        allocate(OWNER);
        assertEquals(Ip.of("10.1.49.2"), allocate(OWNER));
        assertEquals(Ip.of("10.1.49.3"), allocate(new Owner("c0ffee", "eth1")));
    }

    @Test
    void what_an_owner_has_in_another_subnet_is_released() throws Exception {
        allocate(OWNER);
        assertEquals(List.of(Ip.of("10.1.94.2")), ipam.allocate("net", OWNER, List.of(set("10.1.94.0/24")), List.of()));
        assertEquals(List.of(Ip.of("10.1.94.2")), ipam.find("net", OWNER));
    }

    @Test
    void a_released_address_is_given_again_last() throws Exception {
        List<RangeSet> sets = List.of(set("10.1.49.0/29"));
        for (int i = 2; i <= 4; i++) {
            assertEquals(List.of(Ip.of("10.1.49." + i)), ipam.allocate("net", new Owner("c" + i, "eth0"), sets, List.of()));
        }
        ipam.release("net", new Owner("c3", "eth0"));
        assertEquals(List.of(Ip.of("10.1.49.5")), ipam.allocate("net", new Owner("c5", "eth0"), sets, List.of()));
        assertEquals(List.of(Ip.of("10.1.49.6")), ipam.allocate("net", new Owner("c6", "eth0"), sets, List.of()));
        assertEquals(List.of(Ip.of("10.1.49.3")), ipam.allocate("net", new Owner("c7", "eth0"), sets, List.of()));
    }

    @Test
    void a_full_set_says_so_and_gives_nothing() throws Exception {
        var set = new RangeSet(List.of(AddressRange.of(Cidr.of("10.99.0.0/30"), Optional.of(Ip.of("10.99.0.2")), Optional.of(Ip.of("10.99.0.2")), Optional.empty()).orThrow()));
        ipam.allocate("net", OWNER, List.of(set), List.of());
        var failure = assertThrows(IpamFailed.class, () -> ipam.allocate("net", new Owner("d", "eth0"), List.of(set("10.1.49.0/24"), set), List.of()));
        assertEquals("no IP addresses available in range set: 10.99.0.2-10.99.0.2", failure.getMessage());
        assertEquals(List.of(), ipam.find("net", new Owner("d", "eth0")));
    }

    @Test
    void a_range_whose_only_address_is_the_gateway_is_full() {
        var set = new RangeSet(List.of(AddressRange.of(Cidr.of("10.99.0.0/30"), Optional.of(Ip.of("10.99.0.1")), Optional.of(Ip.of("10.99.0.1")), Optional.empty()).orThrow()));
        assertThrows(IpamFailed.class, () -> ipam.allocate("net", OWNER, List.of(set), List.of()));
    }

    @Test
    void allocation_goes_on_in_the_next_range_of_a_set() throws Exception {
        var set = RangeSet.of(List.of(range("10.0.0.0/30"), range("10.0.1.0/30"))).orThrow();
        assertEquals(List.of(Ip.of("10.0.0.2")), ipam.allocate("net", new Owner("a", "eth0"), List.of(set), List.of()));
        assertEquals(List.of(Ip.of("10.0.1.2")), ipam.allocate("net", new Owner("b", "eth0"), List.of(set), List.of()));
        assertThrows(IpamFailed.class, () -> ipam.allocate("net", new Owner("c", "eth0"), List.of(set), List.of()));
        ipam.release("net", new Owner("a", "eth0"));
        assertEquals(List.of(Ip.of("10.0.0.2")), ipam.allocate("net", new Owner("c", "eth0"), List.of(set), List.of()));
    }

    @Test
    void a_requested_address_is_given_or_refused() throws Exception {
        List<RangeSet> sets = List.of(set("10.1.49.0/24"));
        assertEquals(List.of(Ip.of("10.1.49.77")), ipam.allocate("net", OWNER, sets, List.of(Ip.of("10.1.49.77"))));
        Owner other = new Owner("d", "eth0");
        for (String refused : new String[] {"10.1.49.77", "10.1.49.1", "10.2.0.1"}) {
            assertThrows(IpamFailed.class, () -> ipam.allocate("net", other, sets, List.of(Ip.of(refused))), refused);
        }
        assertEquals(List.of(), ipam.find("net", other));
    }

    @Test
    void a_file_with_the_id_alone_is_the_owners_too() throws Exception {
        Files.createDirectories(folder.resolve("net"));
        Files.writeString(folder.resolve("net/10.1.49.9"), "c0ffee");
        assertEquals(List.of(Ip.of("10.1.49.9")), ipam.release("net", OWNER));
        assertFalse(Files.exists(folder.resolve("net/10.1.49.9")));
    }

    @Test
    void foreign_files_and_garbage_are_left_alone() throws Exception {
        Files.createDirectories(folder.resolve("net"));
        Files.writeString(folder.resolve("net/last_reserved_ip.0"), "garbage");
        Files.write(folder.resolve("net/10.1.49.2"), new byte[] {(byte) 0xff, (byte) 0xfe});
        Files.writeString(folder.resolve("net/10.1.49.3"), "");
        Files.writeString(folder.resolve("net/notes"), "c0ffee\r\neth0");
        assertEquals(Ip.of("10.1.49.4"), allocate(OWNER));
        ipam.release("net", OWNER);
        try (var files = Files.list(folder.resolve("net"))) {
            assertEquals(List.of("10.1.49.2", "10.1.49.3", "last_reserved_ip.0", "lock", "notes"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void releasing_nothing_is_no_error() throws Exception {
        assertEquals(List.of(), ipam.release("nosuch", OWNER));
        assertFalse(Files.exists(folder.resolve("nosuch")));
    }

    @Test
    void a_range_has_to_make_sense() {
        assertBad("10.0.0.0/31", null, null);
        assertBad("10.0.0.0/24", "10.0.1.1", null);
        assertBad("10.0.0.0/24", null, "10.0.1.1");
        assertBad("10.0.0.0/24", "10.0.0.9", "10.0.0.8");
        assertInstanceOf(Decoded.Bad.class, RangeSet.of(List.of(range("10.0.0.0/24"), range("10.0.0.0/25"))));
        assertInstanceOf(Decoded.Bad.class, RangeSet.of(List.of(range("10.0.0.0/24"), range("fd00::/64"))));
    }

    private Ip allocate(Owner owner) throws IpamFailed {
        return ipam.allocate("net", owner, List.of(set("10.1.49.0/24")), List.of()).getFirst();
    }

    private static AddressRange range(String subnet) {
        return AddressRange.of(Cidr.of(subnet), Optional.empty(), Optional.empty(), Optional.empty()).orThrow();
    }

    private static RangeSet set(String subnet) {
        return RangeSet.of(List.of(range(subnet))).orThrow();
    }

    private static void assertBad(String subnet, String start, String end) {
        assertInstanceOf(Decoded.Bad.class, AddressRange.of(Cidr.of(subnet), Optional.ofNullable(start).map(Ip::of), Optional.ofNullable(end).map(Ip::of), Optional.empty()));
    }
}
