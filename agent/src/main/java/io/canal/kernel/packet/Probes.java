package io.canal.kernel.packet;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Ip;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * Packets that are sent all at once, between any places, and which of them came through.
 *
 * <p>TCP: a connection that is accepted. UDP: a datagram and its answer. ICMP: a request that the other kernel answers. SCTP, of which a
 * kernel may have no sockets, and GRE: a packet that arrives at a raw socket.
 *
 * <p>It is waited for what is expected, and then a little longer for what is not: a packet that no rule stops is where it goes before
 * the call that sent it returns, or a softirq later.
 */
public final class Probes implements AutoCloseable {

    /** What is expected and has not come by then is lost. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** What the kernel does not repeat is sent again so often. */
    private static final Duration AGAIN = Duration.ofMillis(700);
    private static final Duration QUIET = Duration.ofMillis(40);
    private static final int LOOK_MILLIS = 2;
    private static final int BACKLOG = 1024;
    private static final int ANSWER = 1;

    private final List<Probe> probes;
    private final int mark = ThreadLocalRandom.current().nextInt(1, 1 << 14) << 16;
    private final Selector selector;
    private final Map<NetworkNamespace, List<Opening>> openings = new LinkedHashMap<>();
    private final Set<Object> wanted = new HashSet<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<Socket, DatagramChannel> datagrams = new HashMap<>();
    private final Map<Socket, RawSocket> raw = new HashMap<>();
    private final Map<Probe, SocketChannel> connections = new HashMap<>();
    private final Set<Probe> through = new LinkedHashSet<>();

    /** @param port of raw sockets the protocol */
    private record Socket(Place place, int protocol, int port) {}

    private interface Opening {
        void open() throws IOException;
    }

    private Probes(List<Probe> probes) throws IOException {
        this.probes = List.copyOf(probes);
        if (probes.size() > Short.MAX_VALUE) {
            throw new IllegalArgumentException(probes.size() + " probes at once are too many");
        }
        selector = Selector.open();
    }

    /**
     * Sends all, and gives those that came through.
     *
     * @param expected which should: what comes through without being expected is found as well
     */
    public static Set<Probe> through(List<Probe> probes, Predicate<Probe> expected) throws IOException {
        try (Probes running = new Probes(probes)) {
            return running.run(expected);
        }
    }

    /**
     * Parts of the probes that may be sent at once: in none are two that a connection tracker takes for one connection. What it knows is
     * to be forgotten between two parts.
     */
    public static List<List<Probe>> rounds(List<Probe> probes) {
        List<List<Probe>> rounds = new ArrayList<>();
        List<Set<Object>> keys = new ArrayList<>();
        for (Probe probe : new LinkedHashSet<>(probes)) {
            List<Object> own = keys(probe);
            int round = 0;
            while (round < rounds.size() && own.stream().anyMatch(keys.get(round)::contains)) {
                round++;
            }
            if (round == rounds.size()) {
                rounds.add(new ArrayList<>());
                keys.add(new HashSet<>());
            }
            rounds.get(round).add(probe);
            keys.get(round).addAll(own);
        }
        return rounds;
    }

    /** What it is to a connection tracker, in both directions; twice where it is rewritten. */
    private static List<Object> keys(Probe probe) {
        if (probe.protocol() == Probe.ICMP || probe.protocol() == Probe.ICMPV6) {
            return List.of(probe);
        }
        List<Object> from = List.of(probe.from().address(), probe.sourcePort());
        return List.of(List.of(probe.protocol(), Set.copyOf(List.of(from, List.of(probe.dialled(), probe.port())))),
                List.of(probe.protocol(), Set.copyOf(List.of(from, List.of(probe.to().address(), probe.served())))));
    }

    private Set<Probe> run(Predicate<Probe> expected) throws IOException {
        probes.forEach(this::prepare);
        for (Map.Entry<NetworkNamespace, List<Opening>> each : openings.entrySet()) {
            each.getKey().<IOException>run(() -> {
                for (Opening opening : each.getValue()) {
                    opening.open();
                }
            });
        }
        for (int i = 0; i < probes.size(); i++) {
            send(i);
        }
        Set<Probe> missing = new HashSet<>(probes);
        missing.removeIf(expected.negate());
        long start = System.nanoTime();
        long quiet = start;
        long sent = start;
        while (true) {
            receive();
            long now = System.nanoTime();
            if (missing.removeAll(through)) {
                quiet = now;
            }
            if (missing.isEmpty() ? now - quiet > QUIET.toNanos() : now - start > PATIENCE.toNanos()) {
                return Set.copyOf(through);
            }
            if (now - sent > AGAIN.toNanos()) {
                sent = now;
                sendAgain(missing);
            }
        }
    }

    private void sendAgain(Set<Probe> missing) throws IOException {
        for (int i = 0; i < probes.size(); i++) {
            if (missing.contains(probes.get(i)) && probes.get(i).protocol() != Probe.TCP) {
                send(i);
            }
        }
    }

    private void prepare(Probe probe) {
        switch (probe.protocol()) {
            case Probe.TCP -> {
                listener(new Socket(probe.to(), Probe.TCP, probe.served()));
                at(probe.from(), probe, () -> connections.put(probe, client(probe)));
            }
            case Probe.UDP -> {
                datagrams(new Socket(probe.to(), Probe.UDP, probe.served()));
                datagrams(new Socket(probe.from(), Probe.UDP, probe.sourcePort()));
            }
            default -> {
                raw(new Socket(probe.to(), probe.protocol(), 0));
                raw(new Socket(probe.from(), probe.protocol(), 0));
            }
        }
    }

    private void at(Place place, Object what, Opening opening) {
        if (wanted.add(what)) {
            openings.computeIfAbsent(place.namespace(), first -> new ArrayList<>()).add(() -> {
                try {
                    opening.open();
                } catch (IOException refused) {
                    throw new IOException("no socket for " + what + " in " + place.namespace() + ": " + refused.getMessage(), refused);
                }
            });
        }
    }

    private void listener(Socket socket) {
        at(socket.place, socket, () -> {
            ServerSocketChannel server = kept(ServerSocketChannel.open(family(socket.place.address())));
            server.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            server.bind(new InetSocketAddress(socket.place.address().toInetAddress(), socket.port), BACKLOG);
        });
    }

    private void datagrams(Socket socket) {
        at(socket.place, socket, () -> {
            DatagramChannel channel = kept(DatagramChannel.open(family(socket.place.address())));
            channel.bind(new InetSocketAddress(socket.place.address().toInetAddress(), socket.port));
            register(channel, SelectionKey.OP_READ, socket);
            datagrams.put(socket, channel);
        });
    }

    private void raw(Socket socket) {
        at(socket.place, socket, () -> raw.put(socket, kept(RawSocket.open(socket.place.address(), socket.protocol))));
    }

    private SocketChannel client(Probe probe) throws IOException {
        SocketChannel client = kept(SocketChannel.open(family(probe.from().address())));
        client.setOption(StandardSocketOptions.SO_REUSEADDR, true).setOption(StandardSocketOptions.SO_REUSEPORT, true);
        // Ends with a reset, so that the same ports can be used at once again.
        client.setOption(StandardSocketOptions.SO_LINGER, 0);
        client.bind(new InetSocketAddress(probe.from().address().toInetAddress(), probe.sourcePort()));
        return client;
    }

    private void register(SelectableChannel channel, int operations, Object attached) throws IOException {
        channel.configureBlocking(false);
        channel.register(selector, operations, attached);
    }

    private static ProtocolFamily family(Ip address) {
        return address.isV4() ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
    }

    private void send(int index) throws IOException {
        Probe probe = probes.get(index);
        InetSocketAddress target = new InetSocketAddress(probe.dialled().toInetAddress(), probe.port());
        try {
            switch (probe.protocol()) {
                case Probe.TCP -> {
                    SocketChannel client = connections.get(probe);
                    if (client != null) {
                        register(client, SelectionKey.OP_CONNECT, probe);
                        if (client.connect(target)) {
                            through.add(probe);
                        }
                    }
                }
                case Probe.UDP -> opened(datagrams, new Socket(probe.from(), Probe.UDP, probe.sourcePort()))
                        .send(ByteBuffer.allocate(Integer.BYTES + 1).putInt(mark | index).put((byte) 0).flip(), target);
                default -> opened(raw, new Socket(probe.from(), probe.protocol(), 0)).send(probe.dialled(), Packets.first(probe, mark | index));
            }
        } catch (IOException refused) {
            // By the sender's own host: it did not come through.
        }
    }

    private static <T> T opened(Map<Socket, T> sockets, Socket socket) {
        return Objects.requireNonNull(sockets.get(socket), socket::toString);
    }

    private void receive() throws IOException {
        selector.select(this::ready, LOOK_MILLIS);
        raw.forEach((socket, channel) -> {
            for (var packet = channel.receive(); packet.isPresent(); packet = channel.receive()) {
                arrived(Packets.mark(socket.protocol, packet.get()));
            }
        });
    }

    private void ready(SelectionKey key) {
        try {
            if (key.channel() instanceof SocketChannel client) {
                key.interestOps(0);
                if (client.finishConnect()) {
                    through.add((Probe) key.attachment());
                }
            } else if (key.channel() instanceof DatagramChannel channel) {
                datagram(channel);
            }
        } catch (IOException refused) {
            // It did not come through.
        }
    }

    /** A request is answered; an answer is what was waited for. */
    private void datagram(DatagramChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(Integer.BYTES + 1);
        for (var sender = channel.receive(buffer); sender != null; sender = channel.receive(buffer.clear())) {
            if (buffer.position() == buffer.capacity()) {
                if (buffer.get(Integer.BYTES) == ANSWER) {
                    arrived(buffer.getInt(0));
                } else {
                    channel.send(buffer.put(Integer.BYTES, (byte) ANSWER).flip(), sender);
                }
            }
        }
    }

    private void arrived(int what) {
        int index = what & 0xffff;
        if ((what & 0xffff_0000) == mark && index < probes.size()) {
            through.add(probes.get(index));
        }
    }

    private <T extends AutoCloseable> T kept(T channel) {
        open.add(channel);
        return channel;
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (AutoCloseable each : open) {
            try {
                each.close();
            } catch (Exception closing) {
                failure = new IOException(closing);
            }
        }
        // Only now are the descriptors of what was registered closed.
        selector.close();
        if (failure != null) {
            throw failure;
        }
    }
}
