package io.canal.kernel.packet;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** A raw socket of one protocol of IP: what it sends gets an IP header from the kernel, what it receives comes without one. One thread's. */
public final class RawSocket implements AutoCloseable {

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCKADDR_IN = 16;
    private static final int SOCKADDR_IN6 = 28;
    private static final int LARGEST = 2048;

    private final Family family;
    private final NativeSocket socket;
    private final MemorySegment room = Arena.ofAuto().allocate(LARGEST, 8);

    private RawSocket(Family family, NativeSocket socket) {
        this.family = family;
        this.socket = socket;
    }

    /** Opens one in the calling thread's network namespace, which sends from this address and receives what is for it. */
    public static RawSocket open(Ip address, int protocol) throws KernelException {
        int family = address.isV4() ? AF_INET : AF_INET6;
        RawSocket opened = new RawSocket(address.family(), NativeSocket.open("raw socket of protocol " + protocol, family, NativeSocket.SOCK_RAW, protocol));
        try {
            opened.socket.bind(sockaddr(address));
            return opened;
        } catch (KernelException refused) {
            opened.close();
            throw refused;
        }
    }

    /** Sends what follows the IP header; whether it left: the host's own rules may refuse it. */
    public boolean send(Ip destination, byte[] bytes) {
        MemorySegment.copy(bytes, 0, room, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return socket.sendTo(room, bytes.length, sockaddr(destination)) == bytes.length;
    }

    /** What follows the IP header of a packet that is there. */
    public Optional<ByteBuffer> receive() {
        int length = Math.min(socket.receiveNow(room), LARGEST);
        if (length <= 0) {
            return Optional.empty();
        }
        byte[] packet = room.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        int header = family == Family.V4 ? (packet[0] & 0xf) * 4 : 0;
        return Optional.of(ByteBuffer.wrap(Arrays.copyOfRange(packet, Math.min(header, length), length)));
    }

    private static byte[] sockaddr(Ip address) {
        ByteBuffer bytes = ByteBuffer.allocate(address.isV4() ? SOCKADDR_IN : SOCKADDR_IN6).order(ByteOrder.nativeOrder());
        bytes.putShort((short) (address.isV4() ? AF_INET : AF_INET6)).putShort((short) 0);
        if (address.isV6()) {
            bytes.putInt(0);
        }
        return bytes.put(address.toBytes()).array();
    }

    @Override
    public void close() {
        socket.close();
    }
}
