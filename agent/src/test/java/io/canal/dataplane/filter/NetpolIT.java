package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.NetpolCase.Asked;
import io.canal.policy.testing.RenderedNode;
import io.canal.ruleset.Ruleset;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every fifth recorded case of Kubernetes' network policy, with real packets between real pods on one node. */
@Tag("long")
class NetpolIT {

    private static final int EVERY = 5;
    private static final int TCP = 6;
    private static final int UDP = 17;
    /** What has not arrived by then does not arrive. */
    private static final int QUIET_MILLIS = 200;
    private static final int MOST_QUIETS = 50;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace node = namespaces.add("node");
    private final Map<String, NetworkNamespace> pods = new HashMap<>();

    @AfterEach
    void close() {
        namespaces.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES_NFT"})
    void packets_go_where_the_policies_let_them(FilterBackend backend) throws IOException, InterruptedException {
        TestNamespaces.run(node, "sysctl", "-qw", "net.ipv4.ip_forward=1");
        List<NetpolCase> cases = NetpolCase.load().toList();
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < cases.size(); i += EVERY) {
            for (NetpolCase.Step step : cases.get(i).steps()) {
                List<Asked> asked = step.asked().stream()
                        .filter(one -> !one.from().equals(one.to()) && Set.of(TCP, UDP).contains(one.request().flow().protocol())).toList();
                asked.forEach(this::attach);
                apply(backend, new RenderedNode(NetpolCase.NODE.name(), NetpolCase.NODE.interfaces(), RuleSettings.defaults()).put(step.resources()).ruleset());
                // A connection of a step before may have had the same ports, and its packets would not be new ones.
                TestNamespaces.run(node, "conntrack", "-F");
                Set<Asked> through = new Probes(asked).through();
                String name = cases.get(i).toString();
                asked.stream().filter(one -> through.contains(one) != one.allowed())
                        .forEach(one -> differences.add(name + ": " + one + " " + (one.allowed() ? "is lost" : "gets through")));
            }
        }
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 5)), () -> differences.size() + " differ");
    }

    /** The rules of the step before are replaced by these. */
    private void apply(FilterBackend backend, Ruleset ruleset) throws IOException {
        if (backend == FilterBackend.NFTABLES) {
            try (NftTable table = new NftTable(node.<NftablesSocket, IOException>call(NftablesSocket::open))) {
                table.wantAll(ruleset);
                table.apply(true);
            }
            return;
        }
        node.<IOException>run(() -> {
            try (IptablesTables tables = IptablesTables.open(IptablesBackend.NFT, () -> 0)) {
                tables.wantAll(ruleset);
                tables.apply(true);
            }
        });
    }

    private void attach(Asked asked) {
        attach(asked.request().flow().source().toString(), asked.request().in());
        attach(asked.request().flow().destination().toString(), asked.request().out());
    }

    private void attach(String address, String iface) {
        pods.computeIfAbsent(address, missing -> {
            NetworkNamespace pod = namespaces.add("p" + pods.size());
            namespaces.veth(pod, "eth0", node, iface);
            TestNamespaces.ip(pod, "addr", "add", address + "/32", "dev", "eth0");
            TestNamespaces.ip(node, "addr", "add", "169.254.1.1/32", "dev", iface);
            TestNamespaces.ip(pod, "route", "add", "169.254.1.1", "dev", "eth0", "scope", "link");
            TestNamespaces.ip(pod, "route", "add", "default", "via", "169.254.1.1");
            TestNamespaces.ip(node, "route", "add", address + "/32", "dev", iface);
            return pod;
        });
    }

    /** All flows of a step at once. */
    private final class Probes {

        private final List<Asked> asked;
        private final List<AutoCloseable> open = new ArrayList<>();
        private final Set<Asked> through = new HashSet<>();

        Probes(List<Asked> asked) {
            this.asked = asked;
        }

        Set<Asked> through() throws IOException, InterruptedException {
            try {
                Map<InetSocketAddress, DatagramChannel> receivers = new HashMap<>();
                Set<InetSocketAddress> servers = new HashSet<>();
                for (Asked one : asked) {
                    InetSocketAddress target = target(one);
                    NetworkNamespace pod = pods.get(one.request().flow().destination().toString());
                    if (one.request().flow().protocol() == UDP) {
                        if (!receivers.containsKey(target)) {
                            receivers.put(target, pod.<DatagramChannel, IOException>call(() -> kept(DatagramChannel.open().bind(target))));
                        }
                    } else if (servers.add(target)) {
                        pod.<ServerSocketChannel, IOException>call(() -> kept(ServerSocketChannel.open().bind(target, 64)));
                    }
                }
                Map<Asked, SocketChannel> connections = new LinkedHashMap<>();
                for (int i = 0; i < asked.size(); i++) {
                    Asked one = asked.get(i);
                    NetworkNamespace pod = pods.get(one.request().flow().source().toString());
                    if (one.request().flow().protocol() == UDP) {
                        DatagramChannel sender = pod.<DatagramChannel, IOException>call(() -> kept(DatagramChannel.open()));
                        sender.send(ByteBuffer.allocate(4).putInt(i).flip(), target(one));
                    } else {
                        SocketChannel client = pod.<SocketChannel, IOException>call(() -> kept(SocketChannel.open()));
                        client.configureBlocking(false);
                        client.connect(target(one));
                        connections.put(one, client);
                    }
                }
                // What is to arrive has more time, should the machine have much to do.
                for (int quiet = 0; quiet == 0 || quiet < MOST_QUIETS && asked.stream().anyMatch(one -> one.allowed() && !through.contains(one)); quiet++) {
                    Thread.sleep(QUIET_MILLIS);
                    look(receivers.values(), connections);
                }
                return through;
            } finally {
                for (AutoCloseable each : open) {
                    try {
                        each.close();
                    } catch (Exception closing) {
                        throw new IOException(closing);
                    }
                }
            }
        }

        private void look(Collection<DatagramChannel> receivers, Map<Asked, SocketChannel> connections) throws IOException {
            for (DatagramChannel receiver : receivers) {
                receiver.configureBlocking(false);
                ByteBuffer buffer = ByteBuffer.allocate(4);
                while (receiver.receive(buffer) != null) {
                    through.add(asked.get(buffer.getInt(0)));
                    buffer.clear();
                }
            }
            for (Map.Entry<Asked, SocketChannel> connection : connections.entrySet()) {
                if (!through.contains(connection.getKey()) && connection.getValue().finishConnect()) {
                    through.add(connection.getKey());
                }
            }
        }

        private <T extends AutoCloseable> T kept(T channel) {
            open.add(channel);
            return channel;
        }

        private static InetSocketAddress target(Asked one) {
            return new InetSocketAddress(one.request().flow().destination().toString(), one.request().flow().destinationPort());
        }
    }
}
