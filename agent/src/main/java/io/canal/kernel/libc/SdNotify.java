package io.canal.kernel.libc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Tells the service manager about our state, as sd_notify(3) does: one datagram to the socket that it named. */
public final class SdNotify {

    /** sun_path has 108 bytes. */
    private static final int LONGEST_PATH = 108;

    private final String address;

    private SdNotify(String address) {
        this.address = address;
    }

    /** To the socket that {@code NOTIFY_SOCKET} names: a path, or an abstract name after {@code @}. Without one, to nobody. */
    public static SdNotify from(Map<String, String> environment) {
        return new SdNotify(environment.getOrDefault("NOTIFY_SOCKET", ""));
    }

    /** Sends a state such as {@code READY=1}; several are separated by line feeds. */
    public void send(String state) throws KernelException {
        if (address.isEmpty()) {
            return;
        }
        byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
        try (NativeSocket socket = NativeSocket.open("the notify socket", NativeSocket.AF_UNIX, NativeSocket.SOCK_DGRAM, 0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            int result = socket.sendTo(room, bytes.length, sockaddr());
            if (result < 0) {
                throw new KernelException("send to NOTIFY_SOCKET " + address, -result);
            }
        }
    }

    private byte[] sockaddr() throws KernelException {
        byte[] path = address.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = path[0] == '@';
        if (path.length > LONGEST_PATH - (isAbstract ? 0 : 1)) {
            throw new KernelException("NOTIFY_SOCKET " + address, Errno.EINVAL, "longer than a socket's name can be");
        }
        if (isAbstract) {
            path[0] = 0;
        }
        // An abstract name ends with the address, a path with a zero.
        return ByteBuffer.allocate(2 + path.length + (isAbstract ? 0 : 1)).order(ByteOrder.nativeOrder())
                .putShort((short) NativeSocket.AF_UNIX).put(path).array();
    }
}
