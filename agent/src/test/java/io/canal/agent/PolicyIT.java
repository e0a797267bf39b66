package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.config.PolicyOptions;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Json;
import io.canal.model.calico.EndpointNames;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node with a real agent and two pods on each dataplane, policies in etcd, and packets between the pods. */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
@Tag("alone")
class PolicyIT {

    private static final String ROOT = "/calico/resources/v3/projectcalico.org/";
    private static final int PORT = 5000;
    private static final int OTHER_PORT = 5001;
    /** Where the next datagram comes from: with a port of before it might belong to a connection that was let through then, and would not be counted. */
    private static final AtomicInteger NEXT_PORT = new AtomicInteger(20_000);
    /** Well below the time that the CNI client waits for its agent. */
    private static final Duration SLOW = Duration.ofMillis(1_500);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode onNft;
    private final TestNode onIptables;

    PolicyIT(@TempDir Path folder) {
        onNft = new TestNode(namespaces, hub, 1, etcd, folder.resolve("nft"), config -> with(config, DataplaneOption.NFTABLES));
        onIptables = new TestNode(namespaces, hub, 2, etcd, folder.resolve("iptables"), config -> with(config, DataplaneOption.IPTABLES));
    }

    private static AgentConfig with(AgentConfig config, DataplaneOption dataplane) {
        return new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(), config.mtu(), dataplane, config.leaseTtl(),
                config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir());
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        onNft.start();
        onIptables.start();
    }

    @AfterAll
    void stop() {
        onNft.close();
        onIptables.close();
        etcd.close();
        namespaces.close();
    }

    private TestNode node(DataplaneOption dataplane) {
        return dataplane == DataplaneOption.NFTABLES ? onNft : onIptables;
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void policies_in_etcd_decide_about_packets(DataplaneOption dataplane) throws IOException {
        TestNode node = node(dataplane);
        Pod web = node.add();
        Pod client = node.add();
        assertTrue(arrives(client, web, PORT), "without a policy all passes");
        node.await("the endpoints are in etcd", () -> endpoint(client).contains("spec"));
        policy("deny-all", "{\"selector\":\"pod == 'web'\",\"types\":[\"Ingress\"],\"order\":100}");
        label(web, "web");
        node.await("a label brings the policy in force", () -> !passes(client, web, PORT));
        assertTrue(arrives(web, client, PORT), "the other way is not governed");
        policy("allow-clients", "{\"selector\":\"pod == 'web'\",\"types\":[\"Ingress\"],\"order\":10,\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"UDP\","
                + "\"source\":{\"selector\":\"pod == 'client'\"},\"destination\":{\"ports\":[" + PORT + "]}}]}");
        label(client, "client");
        node.await("a label opens the way", () -> passes(client, web, PORT));
        assertTrue(!passes(client, web, OTHER_PORT), "only the port of the rule is open");
        assertVerdict(node, client, web, PORT, true);
        assertVerdict(node, client, web, OTHER_PORT, false);
        long before = allowed(node);
        assertTrue(arrives(client, web, PORT));
        assertEquals(before + 1, allowed(node), "the rule counts the packet that began the connection");
        label(client, "stranger");
        node.await("another label closes it", () -> !passes(client, web, PORT));
        remove("allow-clients");
        remove("deny-all");
        node.await("without policies all passes again", () -> passes(client, web, PORT));
        node.del(web);
        node.del(client);
    }

    /** The policy is there before the pod, and the packets too; the agent does nothing for a while after the ADD has begun. */
    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void no_packet_is_ahead_of_the_rules_of_a_new_pod_while_the_agent_is_slow(DataplaneOption dataplane) throws Exception {
        TestNode node = node(dataplane);
        Pod client = node.add();
        Pod first = node.add();
        policy("closed", "{\"selector\":\"projectcalico.org/namespace == 'default'\",\"types\":[\"Ingress\"],\"order\":100,\"ingress\":["
                + "{\"action\":\"Deny\",\"protocol\":\"UDP\",\"destination\":{\"ports\":[" + PORT + "]}},{\"action\":\"Allow\"}]}");
        node.await("the policy is in force", () -> !passes(client, first, PORT) && passes(client, first, OTHER_PORT));
        String address = first.address();
        node.del(first);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger sent = new AtomicInteger();
        Thread sending = Thread.ofPlatform().start(() -> {
            try (DatagramSocket sender = client.namespace().<DatagramSocket, SocketException>call(() -> new DatagramSocket())) {
                while (!over.get()) {
                    send(sender, address, PORT);
                    sent.incrementAndGet();
                    LockSupport.parkNanos(500_000);
                }
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
        Pod web;
        try {
            web = addedLate(node, dataplane, address);
            int before = sent.get();
            node.await("some more are sent", () -> sent.get() > before + 100);
        } finally {
            over.set(true);
            sending.join();
        }
        assertEquals(0, udp(web), "of " + sent.get() + " datagrams to a closed port");
        assertTrue(arrives(client, web, OTHER_PORT));
        assertTrue(udp(web) > 0, "those that come in are counted");
        remove("closed");
        node.del(web);
        node.del(client);
    }

    /** A pod whose ADD finds the agent frozen. */
    private static Pod addedLate(TestNode node, DataplaneOption dataplane, String address) throws InterruptedException {
        long start = System.nanoTime();
        node.freeze();
        Thread thawing = Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(SLOW.toNanos());
            node.thaw();
        });
        try {
            Pod web = node.add("default", "late-" + dataplane.name().toLowerCase(Locale.ROOT), List.of(address));
            assertTrue(System.nanoTime() - start > SLOW.toNanos() / 2, "the ADD had to wait");
            return web;
        } finally {
            thawing.join();
        }
    }

    /** How many datagrams have come to the pod since there is its namespace, whether anybody listened or not. */
    private static long udp(Pod pod) {
        String line = TestNamespaces.run(pod.namespace(), "cat", "/proc/net/snmp").lines().filter(each -> each.matches("Udp: \\d.*")).findFirst().orElseThrow();
        String[] counts = line.split(" ");
        return Long.parseLong(counts[1]) + Long.parseLong(counts[2]);
    }

    /** As juju config does it: agent.yaml changes, and the agent is poked. FelixConfiguration lies in etcd, and counts where no option does. */
    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void options_and_FelixConfiguration_apply_while_the_agent_goes_on(DataplaneOption dataplane) {
        TestNode node = node(dataplane);
        Pod web = node.add();
        node.await("the endpoint is in etcd", () -> endpoint(web).contains("spec"));
        policy("logs", "{\"selector\":\"pod == 'web'\",\"types\":[\"Ingress\"],\"order\":100,\"ingress\":[{\"action\":\"Log\"},{\"action\":\"Allow\"}]}");
        label(web, "web");
        node.await("the policy is in force", () -> rules(node).contains("calico-packet"));
        node.await("a pod reaches its node", () -> reaches(web, node));
        AgentConfig before = node.config();
        etcd.etcdctl("put", ROOT + "felixconfigurations/default", "{\"kind\":\"FelixConfiguration\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"default\"},"
                + "\"spec\":{\"defaultEndpointToHostAction\":\"Drop\",\"logPrefix\":\"theirs\"}}");
        node.await("FelixConfiguration is followed", () -> !reaches(web, node) && rules(node).contains("theirs"));
        poke(node, with(before, new PolicyOptions(Optional.of("Accept"), Optional.empty(), Optional.empty(), false, Optional.of("mine"))));
        node.await("the options count more", () -> reaches(web, node) && rules(node).contains("mine") && !rules(node).contains("theirs"));
        poke(node, before);
        node.await("without options FelixConfiguration counts", () -> !reaches(web, node) && rules(node).contains("theirs"));
        etcd.etcdctl("del", ROOT + "felixconfigurations/default");
        node.await("without either all is as before", () -> reaches(web, node) && rules(node).contains("calico-packet"));
        remove("logs");
        node.del(web);
    }

    private static void poke(TestNode node, AgentConfig config) {
        node.configure(config);
        assertInstanceOf(Reply.Done.class, node.call(Op.RELOAD, Json.object()));
    }

    private static AgentConfig with(AgentConfig config, PolicyOptions policy) {
        return new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(), config.mtu(), config.dataplane(), config.leaseTtl(),
                config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir(), policy);
    }

    private static boolean reaches(Pod pod, TestNode node) {
        return TestNamespaces.tryRun(pod.namespace(), "ping", "-c", "1", "-W", "0.3", node.address).code() == 0;
    }

    private static String rules(TestNode node) {
        return TestNamespaces.run(node.namespace, "iptables-nft-save") + TestNamespaces.tryRun(node.namespace, "nft", "list", "table", "inet", "canal").text();
    }

    /** The sender's node has nftables, the receiver's iptables; asked on the sender's, which has its own agent's socket and etcd. */
    @Test
    void why_asks_evaluator_and_kernels_of_both_nodes() throws IOException, InterruptedException {
        Pod here = onNft.add();
        Pod there = onIptables.add();
        onNft.await("the endpoints are in etcd", () -> endpoint(here).contains("spec") && endpoint(there).contains("spec"));
        String rules = "[{\"action\":\"Log\"},{\"action\":\"Allow\",\"protocol\":\"UDP\",\"END\":{\"selector\":\"pod == 'pair'\"},\"destination\":{\"ports\":[" + PORT + "]}}]";
        policy("pair", "{\"selector\":\"pod == 'pair'\",\"ingress\":" + rules.replace("END", "source")
                + ",\"egress\":[{\"action\":\"Allow\",\"protocol\":\"UDP\",\"destination\":{\"selector\":\"pod == 'pair'\",\"ports\":[" + PORT + "]}}]}");
        label(here, "pair");
        label(there, "pair");
        onNft.await("the policy is in force", () -> passes(here, there, PORT) && !passes(here, there, OTHER_PORT) && !passes(there, here, OTHER_PORT));
        assertTrue(arrives(here, there, PORT), "the rules of both nodes count this one");

        String allowed = why("default/" + here.name(), "default/" + there.name() + ":" + PORT + "/udp");
        assertTrue(allowed.startsWith("default/" + here.name() + " may connect to default/" + there.name() + ", UDP port " + PORT + ".\n"), allowed);
        assertTrue(Pattern.compile("in the kernel of node-1 \\(nftables, from cali[0-9a-f]+ to flannel.1\\): let through\n"
                + " +GlobalNetworkPolicy pair, egress rule 0 \\(allow\\): chain filter-cali-po-gnp/pair, rule 1, set cali40s-\\S+: [1-9][0-9]* packets?,").matcher(allowed).find(), allowed);
        assertTrue(Pattern.compile("in the kernel of node-2 \\(iptables-(nft|legacy), from flannel.1 to cali[0-9a-f]+\\): let through\n"
                + " +GlobalNetworkPolicy pair, ingress rule 0 \\(log\\): chain cali-pi-gnp/pair, rule 1: [1-9][0-9]* packets?, [0-9]+ bytes so far\n"
                + " +GlobalNetworkPolicy pair, ingress rule 1 \\(allow\\): chain cali-pi-gnp/pair, rule 2, set cali40s:\\S+: [1-9][0-9]* packets?,").matcher(allowed).find(), allowed);
        assertTrue(!allowed.contains("defect"), allowed);

        String denied = why(there.address(), here.address() + ":" + OTHER_PORT);
        assertTrue(denied.startsWith("default/" + there.name() + " may not connect to default/" + here.name() + ", TCP port " + OTHER_PORT
                + ": egress of the pod default/" + there.name() + ", end of tier default: its default action denies.\n"), denied);
        assertTrue(Pattern.compile("in the kernel of node-2 .*: dropped\n +chain cali-fw-cali\\S+, rule [0-9]+, .*End of tier default").matcher(denied).find(), denied);
        assertTrue(!denied.contains("defect"), denied);

        etcd.kill(0);
        String own;
        try {
            own = why("default/" + here.name(), there.address() + ":" + OTHER_PORT);
        } finally {
            etcd.start(0);
        }
        assertTrue(own.startsWith("The rules in the kernel of node-1 do not let default/" + here.name() + " connect to " + there.address() + ", TCP port "
                + OTHER_PORT + "; what policy says, and what another node does, is not known, since etcd cannot be asked: "), own);
        onNft.await("the agents are ready again", () -> onNft.ready() && onIptables.ready());
        assertTrue(etcd.etcdctl("get", "--prefix", "--keys-only", "/canal/v1/questions").isBlank() && etcd.etcdctl("get", "--prefix", "--keys-only", "/canal/v1/answers").isBlank(),
                "nothing stays behind");
        remove("pair");
        onNft.del(here);
        onIptables.del(there);
    }

    private String why(String source, String destination) throws IOException, InterruptedException {
        Process program = new ProcessBuilder("nsenter", "--net=" + onNft.namespace.path(), Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Dsun.misc.unsafe.memory.access=allow", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                WhyProgram.class.getName(), onNft.paths.root().toString(), "why", source, destination).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String said = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, program.waitFor(), said);
        return said;
    }

    /** Sends all the time to a port that is closed and to one that is open, while the agent is killed and comes back. */
    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void an_agent_that_is_killed_and_comes_back_opens_nothing_and_closes_nothing(DataplaneOption dataplane) throws Exception {
        TestNode node = node(dataplane);
        Pod web = node.add();
        Pod client = node.add();
        node.await("the endpoints are in etcd", () -> endpoint(client).contains("spec") && endpoint(web).contains("spec"));
        policy("half", "{\"selector\":\"pod == 'half'\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"UDP\","
                + "\"destination\":{\"ports\":[" + PORT + "]}}]}");
        label(web, "half");
        node.await("the policy is in force", () -> !passes(client, web, OTHER_PORT));
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger sent = new AtomicInteger();
        AtomicLong lateAt = new AtomicLong();
        try (DatagramSocket open = socket(web, PORT); DatagramSocket closed = socket(web, OTHER_PORT);
                DatagramSocket sender = client.namespace().<DatagramSocket, SocketException>call(() -> new DatagramSocket())) {
            // What waits to be received has little room on many kernels.
            AtomicInteger arrived = new AtomicInteger();
            Thread receiving = Thread.ofPlatform().start(() -> {
                do {
                    arrived.addAndGet(received(open));
                } while (!over.get() || arrived.get() < sent.get() && System.nanoTime() < lateAt.get());
            });
            Thread sending = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    send(sender, web, PORT);
                    send(sender, web, OTHER_PORT);
                    sent.incrementAndGet();
                    pause();
                }
            });
            for (int i = 0; i < 3; i++) {
                node.kill();
                node.start();
            }
            lateAt.set(System.nanoTime() + PATIENCE.toNanos());
            over.set(true);
            sending.join();
            receiving.join();
            assertEquals(0, received(closed), "nothing comes through to the closed port");
            assertEquals(sent.get(), arrived.get(), "nothing is lost to the open one");
        }
        remove("half");
        node.del(web);
        node.del(client);
    }

    /** Etcd is away and the agent starts anew: what etcd had last is enforced, for new pods too. */
    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void without_etcd_the_last_policies_hold_for_new_pods(DataplaneOption dataplane) {
        TestNode node = node(dataplane);
        Pod client = node.add();
        policy("ports", "{\"selector\":\"projectcalico.org/orchestrator == 'k8s'\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"UDP\","
                + "\"destination\":{\"ports\":[" + PORT + "]}}]}");
        Pod first = node.add();
        node.await("the policy is in force", () -> !passes(client, first, OTHER_PORT));
        node.kill();
        etcd.kill(0);
        Pod web;
        try {
            node.launch();
            node.await("the agent knows subnet and policies of before", () -> node.answers() && node.status().encode().toString()
                    .matches("(?s)(?!.*which policies hold)(?!.*not known yet which subnet).*"));
            web = node.add();
            assertTrue(arrives(client, web, PORT));
            assertTrue(!passes(client, web, OTHER_PORT), "the policy holds for a pod that was made without etcd");
        } finally {
            etcd.start(0);
        }
        onNft.await("the agents are ready again", () -> onNft.ready() && onIptables.ready());
        assertTrue(!passes(client, web, OTHER_PORT));
        remove("ports");
        node.await("without the policy all passes", () -> passes(client, web, OTHER_PORT));
        node.del(web);
        node.del(first);
        node.del(client);
    }

    private static DatagramSocket socket(Pod pod, int port) throws IOException {
        return pod.namespace().<DatagramSocket, SocketException>call(() -> new DatagramSocket(new InetSocketAddress(port)));
    }

    private static void send(DatagramSocket sender, Pod to, int port) {
        send(sender, to.address(), port);
    }

    private static void send(DatagramSocket sender, String to, int port) {
        try {
            sender.send(new DatagramPacket(new byte[] {1}, 1, InetAddress.getByName(to), port));
        } catch (IOException refused) {
            // An answer of ICMP to an earlier one.
        }
    }

    /** How many come until there is none for a moment. */
    private static int received(DatagramSocket socket) {
        int count = 0;
        try {
            socket.setSoTimeout(300);
            while (true) {
                socket.receive(new DatagramPacket(new byte[16], 16));
                count++;
            }
        } catch (SocketTimeoutException empty) {
            return count;
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static boolean passes(Pod from, Pod to, int port) {
        return passes(from, to, port, 200);
    }

    /** As {@link #passes}, for what is to pass: with time for a machine that has much to do. */
    private static boolean arrives(Pod from, Pod to, int port) {
        return passes(from, to, port, 10_000);
    }

    private static boolean passes(Pod from, Pod to, int port, int millis) {
        try (DatagramSocket receiver = socket(to, port); DatagramSocket sender = socket(from, NEXT_PORT.getAndIncrement())) {
            send(sender, to, port);
            receiver.setSoTimeout(millis);
            receiver.receive(new DatagramPacket(new byte[16], 16));
            return true;
        } catch (SocketTimeoutException missed) {
            return false;
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    /** What the rules say that the agent reads back from the kernel. */
    private static void assertVerdict(TestNode node, Pod from, Pod to, int port, boolean through) {
        ObjectNode packet = Json.object().put("in", EndpointNames.podInterface("default", from.name())).put("out", EndpointNames.podInterface("default", to.name()))
                .put("source", from.address()).put("destination", to.address()).put("protocol", 17).put("source-port", 33_333).put("destination-port", port);
        ObjectNode verdict = assertInstanceOf(Reply.Done.class, node.call(Op.VERDICT, packet)).body();
        assertEquals(through, verdict.path("through").asBoolean(), verdict::toString);
        assertTrue(verdict.path("rule").asText().contains(through ? "accepted" : "cali-tw-"), verdict::toString);
    }

    /** What the rule of {@code allow-clients} has counted. */
    private static long allowed(TestNode node) {
        ObjectNode reply = assertInstanceOf(Reply.Done.class, node.call(Op.POLICIES, Json.object().put("policy", "allow-clients"))).body();
        JsonNode policy = reply.path("policies").path(0);
        assertEquals("ingress", policy.path("direction").asText(), reply::toString);
        assertEquals(1, policy.path("endpoints").asInt(), reply::toString);
        assertEquals("Allow", policy.path("rules").path(0).path("action").asText(), reply::toString);
        assertTrue(policy.path("rules").path(0).path("bytes").asLong() > 0, reply::toString);
        return policy.path("rules").path(0).path("packets").asLong();
    }

    private void policy(String name, String spec) {
        etcd.etcdctl("put", ROOT + "globalnetworkpolicies/" + name,
                "{\"kind\":\"GlobalNetworkPolicy\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + spec + "}");
    }

    private void remove(String name) {
        etcd.etcdctl("del", ROOT + "globalnetworkpolicies/" + name);
    }

    private String key(Pod pod) {
        String node = pod.name().startsWith("pod-1-") ? "node--1" : "node--2";
        return ROOT + "workloadendpoints/default/" + node + "-k8s-" + pod.name().replace("-", "--") + "-eth0";
    }

    private String endpoint(Pod pod) {
        return etcd.etcdctl("get", "--print-value-only", key(pod));
    }

    private void label(Pod pod, String value) {
        String labelled = endpoint(pod).strip().replaceAll("\"pod\":\"(web|client|stranger|half)\",", "").replaceFirst("\"labels\":\\{", "\"labels\":{\"pod\":\"" + value + "\",");
        assertTrue(labelled.contains("\"pod\":\"" + value + "\""), labelled);
        etcd.etcdctl("put", key(pod), labelled);
    }
}
