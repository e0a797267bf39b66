package io.canal.story;

import io.canal.lab.Pause;
import io.canal.lab.proof.PodSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** UDP packets with running numbers from one namespace to another, so many a second, until it is stopped; tells which were lost. */
final class PacketStream implements AutoCloseable {

    /** Long enough for all that is on its way. */
    private static final Duration LINGER = Duration.ofMillis(500);
    private static final int BUFFER = 8 * 1024 * 1024;
    private static final int SIZE = 64;

    private final String name;
    private final DatagramChannel sender;
    private final DatagramChannel receiver;
    private final long gap;
    private final BitSet arrived = new BitSet();
    private final Thread sending;
    private final long start = System.nanoTime();
    private volatile boolean stopped;
    private volatile int sent;
    private volatile String sendError = "";

    private PacketStream(String name, DatagramChannel sender, DatagramChannel receiver, int perSecond) {
        this.name = name;
        this.sender = sender;
        this.receiver = receiver;
        this.gap = 1_000_000_000L / perSecond;
        Thread.ofPlatform().daemon().name(name + " receiver").start(this::receive);
        this.sending = Thread.ofPlatform().daemon().name(name + " sender").start(this::send);
    }

    static PacketStream start(Path from, String fromAddress, Path to, String toAddress, int perSecond) throws IOException {
        DatagramChannel receiver = PodSocket.datagrams(to, toAddress);
        receiver.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER);
        DatagramChannel sender = PodSocket.datagrams(from, fromAddress);
        int port = ((InetSocketAddress) receiver.getLocalAddress()).getPort();
        sender.connect(new InetSocketAddress(InetAddress.ofLiteral(toAddress), port));
        return new PacketStream(fromAddress + " to " + toAddress, sender, receiver, perSecond);
    }

    /**
     * What came of it.
     *
     * @param lost the packets that did not arrive
     */
    record Report(String name, int sent, int lost, List<Gap> gaps, String sendError) {

        @Override
        public String toString() {
            return name + ": " + lost + " of " + sent + " packets lost" + (gaps.isEmpty() ? "" : " " + gaps)
                    + (sendError.isEmpty() ? "" : ", last error of sending: " + sendError);
        }
    }

    /** Packets in a row that were lost. */
    record Gap(Duration after, int packets) {

        @Override
        public String toString() {
            return packets + " after " + after.toMillis() + " ms";
        }
    }

    /** How many were sent so far. */
    int sent() {
        return sent;
    }

    /** How many arrived so far. */
    int arrived() {
        synchronized (arrived) {
            return arrived.cardinality();
        }
    }

    /** Whether the last packets arrive. */
    boolean flows() {
        int now = sent;
        Pause.ofMillis(20);
        synchronized (arrived) {
            return arrived.get(Math.max(0, now - 1)) || arrived.nextSetBit(now) >= 0;
        }
    }

    Report stop() throws InterruptedException {
        return stop(List.of(this)).getFirst();
    }

    /** Stops several at one moment; the reports are in their order. */
    static List<Report> stop(List<PacketStream> streams) throws InterruptedException {
        for (PacketStream stream : streams) {
            stream.stopped = true;
            stream.sending.join();
        }
        Thread.sleep(LINGER);
        return streams.stream().map(PacketStream::report).toList();
    }

    private Report report() {
        List<Gap> gaps = new ArrayList<>();
        synchronized (arrived) {
            for (int at = arrived.nextClearBit(0); at < sent;) {
                int next = arrived.nextSetBit(at);
                int end = next < 0 ? sent : Math.min(next, sent);
                gaps.add(new Gap(Duration.ofNanos(at * gap), end - at));
                at = arrived.nextClearBit(end);
            }
            close();
            return new Report(name, sent, gaps.stream().mapToInt(Gap::packets).sum(), gaps, sendError);
        }
    }

    @Override
    public void close() {
        stopped = true;
        try {
            sender.close();
            receiver.close();
        } catch (IOException closing) {
            throw new AssertionError(closing);
        }
    }

    private void send() {
        ByteBuffer packet = ByteBuffer.allocateDirect(SIZE);
        for (int number = 0; !stopped; number++) {
            long due = start + number * gap;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            packet.clear().putInt(number).rewind();
            try {
                sender.write(packet);
            } catch (ClosedChannelException over) {
                return;
            } catch (IOException refused) {
                // Not sent is lost: that is what is counted.
                sendError = refused.toString();
            }
            sent = number + 1;
        }
    }

    private void receive() {
        ByteBuffer packet = ByteBuffer.allocateDirect(SIZE);
        while (true) {
            packet.clear();
            try {
                receiver.receive(packet);
            } catch (IOException over) {
                return;
            }
            if (packet.flip().remaining() >= Integer.BYTES) {
                synchronized (arrived) {
                    arrived.set(packet.getInt());
                }
            }
        }
    }
}
