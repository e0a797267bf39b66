package io.canal.kernel.ethtool;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** The checksum offload of a device, by the ioctl that every kernel has: {@code ethtool -K DEVICE tx on|off}. */
public final class Ethtool {

    private static final int AF_INET = 2;
    private static final int SIOCETHTOOL = 0x8946;
    private static final int ETHTOOL_GTXCSUM = 0x16;
    private static final int ETHTOOL_STXCSUM = 0x17;
    /** struct ifreq: the name, and here a pointer; IFNAMSIZ with the zero at its end. */
    private static final int IFREQ = 40;
    private static final int NAME = 16;

    private Ethtool() {}

    /** Whether the device computes the checksums of what it sends. */
    public static boolean txChecksum(String device) throws KernelException {
        return call(device, ETHTOOL_GTXCSUM, 0, "read the checksum offload of ") != 0;
    }

    /** Switches it; off takes the segmentation offloads, which need it, along. */
    public static void setTxChecksum(String device, boolean on) throws KernelException {
        call(device, ETHTOOL_STXCSUM, on ? 1 : 0, "switch the checksum offload of ");
    }

    private static int call(String device, int command, int value, String doing) throws KernelException {
        byte[] name = device.getBytes(StandardCharsets.US_ASCII);
        if (name.length >= NAME) {
            throw new IllegalArgumentException("not the name of a device: " + device);
        }
        try (Arena arena = Arena.ofConfined(); NativeSocket socket = NativeSocket.open("ethtool", AF_INET, NativeSocket.SOCK_DGRAM, 0)) {
            MemorySegment request = arena.allocate(8, 8);
            request.set(ValueLayout.JAVA_INT, 0, command);
            request.set(ValueLayout.JAVA_INT, 4, value);
            MemorySegment ifreq = arena.allocate(IFREQ, 8);
            MemorySegment.copy(name, 0, ifreq, ValueLayout.JAVA_BYTE, 0, name.length);
            ifreq.set(ValueLayout.JAVA_LONG, NAME, request.address());
            int result = socket.control(SIOCETHTOOL, ifreq);
            if (result < 0) {
                throw new KernelException(doing + device, -result);
            }
            return request.get(ValueLayout.JAVA_INT, 4);
        }
    }
}
