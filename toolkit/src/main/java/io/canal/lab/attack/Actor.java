package io.canal.lab.attack;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.LabException;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** A pod that plays along: its addresses, an ear at its interface, and a packet socket that sends whatever it is told to. */
final class Actor implements AutoCloseable {

    private static final int SO_MARK = 36;
    /** ETH_P_ARP as a big-endian machine writes it. */
    private static final int ARP = 0x0608;
    private static final int ARP_ATTEMPTS = 10;
    private static final int ARP_MILLIS = 200;
    /** Places in a frame: the low byte of what is asked or answered, and the sender's address. */
    private static final int ARP_OPERATION = 21;
    private static final int ARP_SENDER = 28;

    private final String name;
    private final List<Ip> addresses;
    private final NetworkNamespace namespace;
    private final Mac mac;
    private final byte[] out;
    private final NativeSocket socket;
    private final Ear ear;

    Actor(String name, List<Ip> addresses, NetworkNamespace namespace) {
        this.name = name;
        this.addresses = List.copyOf(addresses);
        this.namespace = namespace;
        try {
            Link eth0 = namespace.<Link, IOException>call(Link::ofPod);
            mac = eth0.mac;
            // struct sockaddr_ll: family, protocol, interface; the rest is for the kernel to fill in.
            out = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder()).putShort((short) Ear.AF_PACKET).putShort((short) 0).putInt(eth0.index).array();
            // Protocol 0: it only sends.
            socket = namespace.<NativeSocket, KernelException>call(() -> NativeSocket.open(name, Ear.AF_PACKET, NativeSocket.SOCK_RAW, 0));
        } catch (IOException refused) {
            throw new LabException("Pod " + name + " cannot send packets: " + refused.getMessage(), refused);
        }
        ear = Ear.atTheWire("the pod " + name, namespace);
    }

    private record Link(int index, Mac mac) {

        /** To be called inside the pod. */
        static Link ofPod() throws IOException {
            NetworkInterface eth0 = NetworkInterface.getByName("eth0");
            if (eth0 == null) {
                throw new IOException("it has no eth0");
            }
            return new Link(eth0.getIndex(), Mac.ofBytes(eth0.getHardwareAddress()));
        }
    }

    /** What the pod's packets carry as SO_MARK from now on. */
    void mark(int mark) {
        int result = socket.option(NativeSocket.SOL_SOCKET, SO_MARK, mark);
        if (result < 0) {
            throw new LabException("Pod " + name + " cannot mark its packets: error " + -result + ".");
        }
    }

    /** Whether somebody answers the question who has an IPv4 address. */
    boolean resolves(Ip target) {
        try (NativeSocket arp = namespace.<NativeSocket, KernelException>call(
                        () -> NativeSocket.open(name, Ear.AF_PACKET, NativeSocket.SOCK_RAW, ARP));
                Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(128);
            Ip own = ip(Family.V4);
            for (int i = 0; i < ARP_ATTEMPTS; i++) {
                frame(Packet.arp(Packet.BROADCAST, mac, 1, mac, own, Mac.of("00:00:00:00:00:00"), target));
                while (arp.await(ARP_MILLIS)) {
                    if (arp.receiveNow(room) >= ARP_SENDER + 4 && room.get(ValueLayout.JAVA_BYTE, ARP_OPERATION) == 2
                            && Ip.ofBytes(room.asSlice(ARP_SENDER, 4).toArray(ValueLayout.JAVA_BYTE)).equals(target)) {
                        return true;
                    }
                }
            }
            return false;
        } catch (IOException refused) {
            throw new LabException("Pod " + name + " cannot ask by ARP: " + refused.getMessage(), refused);
        }
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    Mac mac() {
        return mac;
    }

    Ear ear() {
        return ear;
    }

    Optional<Ip> address(Family family) {
        return addresses.stream().filter(address -> address.family() == family).findFirst();
    }

    Ip ip(Family family) {
        return address(family).orElseThrow(() -> new LabException("Pod " + name + " has no address of " + family + "."));
    }

    /** Sends an IP packet to the gateway, as everything leaves a pod. */
    void send(byte[] packet) {
        frame(Packet.frame(Packet.GATEWAY, mac, packet));
    }

    /** Sends a datagram from the pod's own address. */
    void udp(Ip to, int source, int destination, byte[] payload) {
        Ip from = ip(to.family());
        send(Packet.ip(from, to, Packet.UDP, Packet.udp(from, to, source, destination, payload)));
    }

    void frame(byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(frame.length);
            bytes.copyFrom(MemorySegment.ofArray(frame));
            synchronized (socket) {
                int sent = socket.sendTo(bytes, frame.length, out);
                if (sent < 0) {
                    throw new LabException("Pod " + name + " cannot send a packet: error " + -sent + ".");
                }
            }
        }
    }

    @Override
    public void close() {
        ear.close();
        socket.close();
    }
}
