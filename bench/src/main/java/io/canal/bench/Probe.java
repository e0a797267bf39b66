package io.canal.bench;

import static io.canal.kernel.testing.TestNamespaces.ip;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Datagrams from a client to a pod of this node, one each 0.4 ms: the first that comes through tells when the way is open. */
final class Probe implements AutoCloseable {

    static final String CLIENT = "10.98.0.2";
    private static final String MAC = "02:00:00:00:00:01";
    private static final long EACH_NANOS = 400_000;
    private static final int PATIENCE_MILLIS = 60_000;
    private static final int CLOSED_AFTER_MILLIS = 60;

    private final DatagramSocket receiver;
    private final Thread sending;
    private volatile boolean over;

    /** Links a client to this namespace. */
    static NetworkNamespace client(TestNamespaces namespaces) {
        NetworkNamespace here = NetworkNamespace.current();
        NetworkNamespace client = namespaces.add("client");
        ip(here, "link", "add", "toclient", "type", "veth", "peer", "name", "eth0", "netns", client.path().getFileName().toString());
        ip(here, "addr", "add", "10.98.0.1/24", "dev", "toclient");
        ip(here, "link", "set", "toclient", "up");
        ip(client, "addr", "add", CLIENT + "/24", "dev", "eth0");
        ip(client, "link", "set", "eth0", "up");
        ip(client, "route", "add", "default", "via", "10.98.0.1");
        return client;
    }

    /** Links a pod to this namespace, with its route. */
    static NetworkNamespace pod(TestNamespaces namespaces, String name, String iface, String address) {
        NetworkNamespace here = NetworkNamespace.current();
        NetworkNamespace pod = namespaces.add(name);
        ip(here, "link", "add", iface, "type", "veth", "peer", "name", "eth0", "netns", pod.path().getFileName().toString());
        ip(here, "link", "set", iface, "up");
        route(iface, address);
        ip(pod, "link", "set", "eth0", "address", MAC);
        ip(pod, "addr", "add", address + "/32", "dev", "eth0");
        ip(pod, "link", "set", "eth0", "up");
        ip(pod, "route", "add", "10.98.0.0/24", "dev", "eth0", "scope", "link");
        // Nobody answers for the client here, and nothing has to: the pod never sends. It must only be found.
        ip(here, "neigh", "add", address, "lladdr", MAC, "dev", iface, "nud", "permanent");
        return pod;
    }

    /** The pod's route, which Felix takes for its own, and takes away with the pod. */
    static void route(String iface, String address) {
        ip(NetworkNamespace.current(), "route", "replace", address + "/32", "dev", iface);
    }

    Probe(NetworkNamespace client, NetworkNamespace pod, String address, int port) throws IOException {
        receiver = pod.<DatagramSocket, IOException>call(() -> new DatagramSocket(new InetSocketAddress(port)));
        DatagramSocket sender = client.<DatagramSocket, IOException>call(() -> new DatagramSocket());
        InetAddress target = InetAddress.getByName(address);
        sending = Thread.ofPlatform().daemon().start(() -> {
            try (sender) {
                while (!over) {
                    try {
                        sender.send(new DatagramPacket(new byte[] {1}, 1, target, port));
                    } catch (IOException refused) {
                        // An answer of ICMP to an earlier one.
                    }
                    LockSupport.parkNanos(EACH_NANOS);
                }
            }
        });
    }

    /** When the first datagram has come through, as of the nanosecond clock. */
    long awaitOpen() throws IOException {
        receiver.setSoTimeout(PATIENCE_MILLIS);
        try {
            receiver.receive(new DatagramPacket(new byte[16], 16));
        } catch (SocketTimeoutException closed) {
            throw new IOException("no datagram came through within " + PATIENCE_MILLIS / 1_000 + " s of a change that opens the way", closed);
        }
        return System.nanoTime();
    }

    /** Waits until nothing comes through any more. */
    void awaitClosed() throws IOException {
        long start = System.nanoTime();
        while (true) {
            try {
                receiver.setSoTimeout(CLOSED_AFTER_MILLIS);
                receiver.receive(new DatagramPacket(new byte[16], 16));
            } catch (SocketTimeoutException closed) {
                return;
            }
            if (System.nanoTime() - start > PATIENCE_MILLIS * 1_000_000L) {
                throw new IOException("datagrams still come through");
            }
        }
    }

    @Override
    public void close() {
        over = true;
        receiver.close();
        try {
            sending.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
