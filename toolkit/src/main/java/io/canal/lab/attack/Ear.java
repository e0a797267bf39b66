package io.canal.lab.attack;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Hears which tokens arrive somewhere. */
final class Ear implements AutoCloseable {

    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int AF_PACKET = 17;
    /** ETH_P_ALL as a big-endian machine writes it. */
    static final int ALL_PACKETS = 0x0300;

    private static final int BUFFER = 4 << 20;
    private static final int ROOM = 65_536;
    /** Of a sockaddr_ll: whom the packet is for, and the value for those that leave. */
    private static final int PACKET_TYPE = 10;
    private static final int OUTGOING = 4;
    private static final int LOOK_UP_MILLIS = 60_000;
    private static final List<Integer> V4_PROTOCOLS = List.of(Packet.UDP, Packet.TCP, Packet.ICMP, Packet.IP_IN_IP);
    private static final List<Integer> V6_PROTOCOLS = List.of(Packet.UDP, Packet.TCP, Packet.ICMP_V6);

    private final String place;
    private final List<NativeSocket> sockets = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Map<Token, AtomicInteger> heard = new ConcurrentHashMap<>();

    private Ear(String place) {
        this.place = place;
    }

    /** Whatever arrives at a namespace's interfaces, before any rule of its own. */
    static Ear atTheWire(String place, NetworkNamespace namespace) {
        Ear ear = new Ear(place);
        ear.listen(namespace, AF_PACKET, ALL_PACKETS);
        return ear;
    }

    /** What a node takes in for itself, behind its packet filter: raw sockets get it where programs would. */
    static Ear behindTheFilter(String place, NetworkNamespace namespace) {
        Ear ear = new Ear(place);
        V4_PROTOCOLS.forEach(protocol -> ear.listen(namespace, AF_INET, protocol));
        V6_PROTOCOLS.forEach(protocol -> ear.listen(namespace, AF_INET6, protocol));
        return ear;
    }

    private void listen(NetworkNamespace namespace, int family, int protocol) {
        try {
            NativeSocket socket = namespace.<NativeSocket, KernelException>call(() -> NativeSocket.open(place, family, NativeSocket.SOCK_RAW, protocol));
            sockets.add(socket);
            socket.option(NativeSocket.SOL_SOCKET, NativeSocket.SO_RCVBUFFORCE, BUFFER);
            socket.makeWakeable();
            threads.add(Thread.ofPlatform().daemon().name("ear " + place).start(() -> hear(socket)));
        } catch (IOException refused) {
            close();
            throw new LabException("Nothing can be heard at " + place + ": " + refused.getMessage(), refused);
        }
    }

    private void hear(NativeSocket socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(ROOM);
            while (!socket.isWoken()) {
                if (!socket.await(LOOK_UP_MILLIS)) {
                    continue;
                }
                for (int length = socket.receiveNow(room); length >= 0; length = socket.receiveNow(room)) {
                    byte[] from = socket.peer();
                    if (from.length <= PACKET_TYPE || from[0] != AF_PACKET || from[PACKET_TYPE] != OUTGOING) {
                        note(room.asSlice(0, Math.min(length, ROOM)).toArray(ValueLayout.JAVA_BYTE));
                    }
                }
            }
        } catch (KernelException broken) {
            throw new LabException("Nothing can be heard any more at " + place + ": " + broken.getMessage(), broken);
        }
    }

    private void note(byte[] packet) {
        int at = Token.find(packet, packet.length);
        if (at >= 0) {
            heard.computeIfAbsent(Token.at(packet, at), token -> new AtomicInteger()).incrementAndGet();
        }
    }

    /** How often the token arrived. */
    int heard(Token token) {
        AtomicInteger times = heard.get(token);
        return times == null ? 0 : times.get();
    }

    /** Whether the token arrives in time. */
    boolean hears(Token token, Duration patience) {
        return Pause.until(patience, () -> heard(token) > 0);
    }

    @Override
    public void close() {
        sockets.forEach(NativeSocket::wake);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        sockets.forEach(NativeSocket::close);
    }

    @Override
    public String toString() {
        return place;
    }
}
