package io.canal.lab.proof;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/** Sockets inside a network namespace. A socket stays in the namespace in which it was made. */
public final class PodSocket {

    private PodSocket() {}

    /** A listening TCP socket on a port of the kernel's choice. */
    public static ServerSocket listen(Path netns, String address) throws IOException {
        return listen(netns, address, 0);
    }

    public static ServerSocket listen(Path netns, String address, int port) throws IOException {
        return new NetworkNamespace(netns).<ServerSocket, IOException>call(() -> {
            ServerSocketChannel channel = ServerSocketChannel.open();
            channel.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port), 512);
            return channel.socket();
        });
    }

    /** A TCP connection. */
    public static Socket connect(Path netns, String address, int port, Duration patience) throws IOException {
        return new NetworkNamespace(netns).<Socket, IOException>call(() -> {
            Socket socket = SocketChannel.open().socket();
            try {
                socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), Math.toIntExact(patience.toMillis()));
                socket.setSoTimeout(Math.toIntExact(patience.toMillis()));
                return socket;
            } catch (IOException refused) {
                socket.close();
                throw refused;
            }
        });
    }

    /** A UDP socket on a port of the kernel's choice. */
    public static DatagramChannel datagrams(Path netns, String address) throws IOException {
        return new NetworkNamespace(netns).<DatagramChannel, IOException>call(
                () -> DatagramChannel.open().bind(new InetSocketAddress(InetAddress.ofLiteral(address), 0)));
    }

    /** The MTU of the pod's interface: the largest packet that it may send. */
    public static int mtu(Path netns) throws IOException {
        return new NetworkNamespace(netns).<Integer, IOException>call(() -> {
            NetworkInterface eth0 = NetworkInterface.getByName("eth0");
            if (eth0 == null) {
                throw new IOException("the pod has no eth0");
            }
            return eth0.getMTU();
        });
    }
}
