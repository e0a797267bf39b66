package io.canal.agent;

import io.canal.agent.TestNode.Pod;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import io.canal.model.Ip;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Datagrams with running numbers from pods to one pod, a thousand a second of each flow, in turn, until it is stopped. Each comes from
 * another port than those before it, so that the policy is asked anew: it belongs to no connection that is known.
 */
final class NewFlows implements AutoCloseable {

    private static final int AF_INET = 2;
    private static final int UDP = 17;
    private static final int BUFFER = 1 << 24;
    private static final long GAP_NANOS = 1_000_000;
    private static final long LINGER_NANOS = 500_000_000;
    /** For flows that find out whether a policy is in force, lest those that follow belong to connections that it let through before. */
    static final int LOW_PORTS = 1_024;
    static final int HIGH_PORTS = 10_000;
    private static final int HIGHEST_PORT = 60_000;
    private static final int IP_HEADER = 20;
    private static final int UDP_HEADER = 8;
    private static final int LENGTH = UDP_HEADER + 2 * Integer.BYTES;
    private static final int MAGIC = 0x6361_6e00;

    private final Ip to;
    private final List<Flow> flows;
    private final int firstPort;
    private final int ports;
    private final List<NativeSocket> senders = new ArrayList<>();
    private final List<BitSet> arrived = new ArrayList<>();
    private final NativeSocket receiver;
    private final Thread receiving;
    private final Thread sending;
    private volatile boolean stopped;
    private volatile int sent;

    /** What is sent: from which pod, to which port. */
    record Flow(Pod from, int port) {}

    /** @param firstPort {@link #LOW_PORTS} or {@link #HIGH_PORTS} */
    NewFlows(Pod to, List<Flow> flows, int firstPort) throws IOException {
        this.firstPort = firstPort;
        this.ports = (firstPort == LOW_PORTS ? HIGH_PORTS : HIGHEST_PORT) - firstPort;
        this.to = Ip.of(to.address());
        this.flows = List.copyOf(flows);
        for (Flow flow : flows) {
            senders.add(flow.from().namespace().<NativeSocket, KernelException>call(() -> NativeSocket.open("flow", AF_INET, NativeSocket.SOCK_RAW, UDP)));
            arrived.add(new BitSet());
        }
        receiver = to.namespace().<NativeSocket, KernelException>call(() -> NativeSocket.open("end of flows", AF_INET, NativeSocket.SOCK_RAW, UDP));
        receiver.option(NativeSocket.SOL_SOCKET, NativeSocket.SO_RCVBUFFORCE, BUFFER);
        receiver.makeWakeable();
        receiving = Thread.ofPlatform().daemon().start(this::receive);
        sending = Thread.ofPlatform().daemon().start(this::send);
    }

    private void send() {
        byte[] address = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).putShort((short) AF_INET).putShort((short) 0).put(to.toBytes()).array();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(LENGTH);
            long start = System.nanoTime();
            for (int number = 0; !stopped; number++) {
                LockSupport.parkNanos(start + number * GAP_NANOS - System.nanoTime());
                for (int flow = 0; flow < flows.size(); flow++) {
                    // No checksum, which IPv4 allows.
                    byte[] datagram = ByteBuffer.allocate(LENGTH).putShort((short) (firstPort + number % ports)).putShort((short) flows.get(flow).port())
                            .putShort((short) LENGTH).putShort((short) 0).putInt(MAGIC | flow).putInt(number).array();
                    room.copyFrom(MemorySegment.ofArray(datagram));
                    senders.get(flow).sendTo(room, LENGTH, address);
                }
                sent = number + 1;
            }
        }
    }

    private void receive() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(2048);
            while (!receiver.isWoken()) {
                if (receiver.await(60_000)) {
                    for (int length = receiver.receiveNow(room); length >= 0; length = receiver.receiveNow(room)) {
                        note(ByteBuffer.wrap(room.asSlice(0, Math.min(length, 2048)).toArray(ValueLayout.JAVA_BYTE)));
                    }
                }
            }
        } catch (KernelException broken) {
            throw new AssertionError(broken);
        }
    }

    private void note(ByteBuffer packet) {
        if (packet.remaining() >= IP_HEADER + LENGTH && (packet.getInt(IP_HEADER + UDP_HEADER) & ~0xff) == MAGIC) {
            BitSet ofFlow = arrived.get(packet.getInt(IP_HEADER + UDP_HEADER) & 0xff);
            synchronized (ofFlow) {
                ofFlow.set(packet.getInt(IP_HEADER + UDP_HEADER + Integer.BYTES));
            }
        }
    }

    /** How many were sent of each flow. */
    int sent() {
        return sent;
    }

    /** The numbers of those of a flow that arrived. */
    BitSet arrived(int flow) {
        BitSet ofFlow = arrived.get(flow);
        synchronized (ofFlow) {
            return (BitSet) ofFlow.clone();
        }
    }

    /** Whether one of the flow arrives of those that are sent from now on, within a moment. */
    boolean passes(int flow) {
        int now = sent;
        pause(20 * GAP_NANOS);
        return arrived(flow).nextSetBit(now) >= 0;
    }

    /** Stops sending, and waits for what is on its way. */
    void stop() {
        stopped = true;
        join(sending);
        pause(LINGER_NANOS);
    }

    /** A thread that somebody has woken before does not park at first. */
    private static void pause(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Override
    public void close() {
        stopped = true;
        join(sending);
        receiver.wake();
        join(receiving);
        senders.forEach(NativeSocket::close);
        receiver.close();
    }
}
