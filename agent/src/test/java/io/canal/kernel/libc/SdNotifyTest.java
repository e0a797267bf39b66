package io.canal.kernel.libc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SdNotifyTest {

    @TempDir
    Path dir;

    @Test
    void a_state_arrives_at_a_path() throws Exception {
        Path path = dir.resolve("notify");
        assertEquals("READY=1", receivedAt(path.toString(), path.toString(), "READY=1"));
    }

    @Test
    void a_state_arrives_at_an_abstract_name() throws Exception {
        String name = "canal-test-" + ProcessHandle.current().pid();
        assertEquals("STATUS=one\nREADY=1", receivedAt("\0" + name, "@" + name, "STATUS=one\nREADY=1"));
    }

    @Test
    void without_a_service_manager_nothing_is_sent() throws Exception {
        SdNotify.from(Map.of()).send("READY=1");
    }

    @Test
    void a_socket_that_is_not_there_is_named() {
        KernelException failure = assertThrows(KernelException.class,
                () -> SdNotify.from(Map.of("NOTIFY_SOCKET", "/nowhere/notify")).send("READY=1"));
        assertEquals("send to NOTIFY_SOCKET /nowhere/notify: No such file or directory (ENOENT)", failure.getMessage());
    }

    private static String receivedAt(String bound, String address, String state) throws Exception {
        try (NativeSocket server = NativeSocket.open("test", NativeSocket.AF_UNIX, NativeSocket.SOCK_DGRAM, 0);
                Arena arena = Arena.ofConfined()) {
            byte[] name = bound.getBytes(StandardCharsets.UTF_8);
            server.bind(ByteBuffer.allocate(2 + name.length).order(ByteOrder.nativeOrder()).putShort((short) 1).put(name).array());
            SdNotify.from(Map.of("NOTIFY_SOCKET", address)).send(state);
            assertTrue(server.await(60_000));
            MemorySegment room = arena.allocate(100);
            int length = server.receiveNow(room);
            return new String(room.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }
}
