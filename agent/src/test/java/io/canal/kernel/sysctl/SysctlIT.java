package io.canal.kernel.sysctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class SysctlIT {

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();

    @Test
    void a_change_gives_back_the_value_before() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        inside.run(() -> {
            Sysctl.write("net/ipv4/ip_forward", "0");
            assertEquals(Optional.of("0"), Sysctl.set("net/ipv4/ip_forward", "1"));
            assertEquals(Optional.empty(), Sysctl.set("net/ipv4/ip_forward", "1"));
            assertEquals(Optional.of("1"), Sysctl.read("net/ipv4/ip_forward"));
        });
    }

    @Test
    void a_control_that_was_opened_before_is_written_when_its_time_has_come() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        inside.run(() -> {
            Sysctl.write("net/ipv4/ip_forward", "1");
            try (Sysctl.Opened control = Sysctl.open("net/ipv4/ip_forward")) {
                assertEquals(Optional.of("1"), Sysctl.read("net/ipv4/ip_forward"));
                control.write("0");
            }
            assertEquals(Optional.of("0"), Sysctl.read("net/ipv4/ip_forward"));
            assertThrows(IOException.class, () -> Sysctl.open("net/ipv4/conf/nobody/forwarding"));
        });
    }

    @Test
    void an_open_folder_stays_that_of_the_namespace_in_which_it_was_opened() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        TestNamespaces.ip(inside, "link", "add", "of-a", "type", "bridge");
        try (SysctlFolder folder = inside.call(() -> SysctlFolder.open("net/ipv6/conf"))) {
            folder.write("of-a/accept_ra", "0");
            assertEquals(Optional.of("0"), inside.call(() -> Sysctl.read("net/ipv6/conf/of-a/accept_ra")));
            folder.write("of-a/accept_ra", "2");
            assertEquals(Optional.of("2"), inside.call(() -> Sysctl.read("net/ipv6/conf/of-a/accept_ra")));
            IOException failure = assertThrows(IOException.class, () -> folder.write("nobody/accept_ra", "0"));
            assertEquals("cannot set sysctl nobody/accept_ra to 0: this kernel has no such control", failure.getMessage());
            assertThrows(IllegalArgumentException.class, () -> folder.write("../ip_forward", "1"));
        }
    }

    @Test
    void a_control_of_an_interface_with_a_dot_in_its_name_is_found() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        TestNamespaces.ip(inside, "link", "add", "dotted.1", "type", "bridge");
        assertEquals(Optional.of("0"), inside.call(() -> {
            Sysctl.write("net/ipv4/conf/dotted.1/forwarding", "0");
            return Sysctl.read("net/ipv4/conf/dotted.1/forwarding");
        }));
    }

    @Test
    void a_control_that_is_absent_is_empty_to_read_and_named_when_written() throws Exception {
        assertEquals(Optional.empty(), Sysctl.read("net/ipv4/conf/nobody/forwarding"));
        IOException failure = assertThrows(IOException.class, () -> Sysctl.write("net/ipv4/conf/nobody/forwarding", "1"));
        assertEquals("cannot set sysctl net/ipv4/conf/nobody/forwarding to 1: this kernel has no such control", failure.getMessage());
    }

    @Test
    void a_bad_value_is_named() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        IOException failure = assertThrows(IOException.class, () -> inside.run(() -> Sysctl.write("net/ipv4/ip_forward", "yes")));
        assertTrue(failure.getMessage().startsWith("cannot set sysctl net/ipv4/ip_forward to yes: "));
    }
}
