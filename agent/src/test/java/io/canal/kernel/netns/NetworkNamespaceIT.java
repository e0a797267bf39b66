package io.canal.kernel.netns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class NetworkNamespaceIT {

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();

    @Test
    void work_sees_the_namespace_and_its_caller_stays_outside() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        TestNamespaces.ip(inside, "link", "add", "only-here", "type", "bridge");

        assertTrue(inside.call(NetworkNamespaceIT::devices).contains("only-here"));
        assertFalse(devices().contains("only-here"));
    }

    @Test
    void system_controls_are_the_namespace_s() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        Path forwarding = Path.of("/proc/sys/net/ipv4/ip_forward");
        String outside = Files.readString(forwarding);
        inside.run(() -> Files.writeString(forwarding, "1"));
        assertEquals("1", inside.call(() -> Files.readString(forwarding)).strip());
        assertEquals(outside, Files.readString(forwarding));
    }

    @Test
    void the_exception_of_the_work_reaches_the_caller() {
        NetworkNamespace inside = namespaces.add("a");
        IOException thrown = assertThrows(IOException.class, () -> inside.run(() -> {
            throw new IOException("mine");
        }));
        assertEquals("mine", thrown.getMessage());
    }

    @Test
    void a_namespace_that_is_not_there_is_named() {
        KernelException failure = assertThrows(KernelException.class, () -> NetworkNamespace.named("canaltest-none").run(() -> {}));
        assertEquals(Errno.ENOENT, failure.errno());
        assertTrue(failure.getMessage().contains("/run/netns/canaltest-none"));
    }

    @Test
    void a_file_that_is_no_namespace_is_named(@org.junit.jupiter.api.io.TempDir Path dir) throws Exception {
        Path file = Files.createFile(dir.resolve("file"));
        KernelException failure = assertThrows(KernelException.class, () -> new NetworkNamespace(file).run(() -> {}));
        assertEquals("enter network namespace " + file + ": Invalid argument (EINVAL)", failure.getMessage());
    }

    @Test
    void a_name_is_taken_once_and_free_again_after_deletion() throws Exception {
        NetworkNamespace first = namespaces.add("a");
        String name = first.path().getFileName().toString();
        assertThrows(KernelException.class, () -> NetworkNamespace.create(name));
        assertTrue(first.exists());
        first.delete();
        first.delete();
        assertFalse(first.exists());
        NetworkNamespace.create(name);
    }

    @Test
    void it_is_another_namespace_than_ours() throws Exception {
        NetworkNamespace inside = namespaces.add("a");
        Path own = NetworkNamespace.current().path();
        assertNotEquals(Files.readSymbolicLink(own), inside.call(() -> Files.readSymbolicLink(own)));
    }

    private static String devices() throws IOException {
        return Files.readString(Path.of("/proc/thread-self/net/dev"));
    }
}
