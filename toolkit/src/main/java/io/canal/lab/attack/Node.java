package io.canal.lab.attack;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.Mac;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;

/** A host of the lab that plays along: an ear behind its packet filter, and a voice of its own. */
final class Node implements AutoCloseable {

    /** Not canal's: its rules are another program's. */
    private static final String TABLE = "lab_attack";

    private final Host host;
    private final NetworkNamespace namespace;
    private final Ear ear;

    Node(Host host) {
        this.host = host;
        this.namespace = NetworkNamespace.named(host.machine());
        this.ear = Ear.behindTheFilter("the node " + host, namespace);
    }

    /** The host's end of the overlay of one family. */
    record Overlay(int vni, int port, Mac mac) {}

    Host host() {
        return host;
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    Ear ear() {
        return ear;
    }

    Ip address(Family family) {
        return Ip.of(family == Family.V4 ? host.address() : host.addressV6());
    }

    Overlay overlay(Family family) {
        String device = family == Family.V4 ? "flannel.1" : "flannel-v6.1";
        JsonNode link = Json.value("ip link", host.program("ip", "-j", "-d", "link", "show", "dev", device).must()).orThrow().path(0);
        JsonNode data = link.path("linkinfo").path("info_data");
        return new Overlay(data.path("id").asInt(), data.path("port").asInt(), Mac.of(link.path("address").asText()));
    }

    /** Sends a datagram from one of the host's own addresses. */
    void udp(Ip to, int port, byte[] payload) {
        udp(namespace, to, port, payload);
    }

    /** Sends a datagram out of a namespace. */
    static void udp(NetworkNamespace from, Ip to, int port, byte[] payload) {
        try {
            from.run(() -> {
                try (DatagramChannel channel = DatagramChannel.open(to.isV4() ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6)) {
                    channel.send(ByteBuffer.wrap(payload), new InetSocketAddress(to.toInetAddress(), port));
                }
            });
        } catch (IOException refused) {
            throw new LabException("A packet to " + to + " port " + port + " cannot be sent: " + refused.getMessage(), refused);
        }
    }

    /** Puts rules into the host's nf_tables, under a name of ours, as another program may; {@link #withoutRules} takes them out. */
    void rules(String text) {
        withoutRules();
        host.program("nft", "-f", "-").stdin("table inet " + TABLE + " {\n" + text + "\n}\n").must();
    }

    void withoutRules() {
        host.program("nft", "delete", "table", "inet", TABLE).run();
    }

    @Override
    public void close() {
        ear.close();
    }

    @Override
    public String toString() {
        return host.name();
    }
}
