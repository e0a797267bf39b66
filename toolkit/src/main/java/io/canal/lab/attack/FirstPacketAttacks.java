package io.canal.lab.attack;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.fault.Fault;
import io.canal.lab.fault.Scene;
import io.canal.lab.pod.Pod;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import io.canal.model.calico.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A pod that sends before it is quite there, and interfaces that nobody knows. */
final class FirstPacketAttacks {

    private static final int PODS = 4;
    private static final int GUESSES = 4;
    private static final String RACER = "racer";
    private static final String STRANGE_NAMESPACE = "attack-strange";
    private static final String STRANGE = "attack0";
    private static final String UNKNOWN = "caliattack0";
    private static final Duration BACK = Duration.ofSeconds(30);
    private static final byte UNUSED_HOST = (byte) 250;

    private FirstPacketAttacks() {}

    static void run(Ground ground, Findings findings) throws IOException {
        ground.policy("racers", """
                {"selector":"attack-test == 'racer'","types":["Ingress","Egress"],
                 "ingress":[{"action":"Deny","protocol":"UDP","destination":{"ports":[5001]}},{"action":"Allow"}],
                 "egress":[{"action":"Deny","protocol":"UDP","destination":{"ports":[6001]}},{"action":"Allow"}]}""");
        for (int pod = 1; pod <= PODS; pod++) {
            race(ground, findings, ground.one, "pod " + pod);
        }
        Scene cut = new Scene(ground.two.host(), ground.hosts());
        Fault.ETCD_CUT.make(cut);
        try {
            race(ground, findings, ground.two, "a pod while etcd is out of reach");
        } finally {
            Fault.ETCD_CUT.end(cut);
        }
        ground.remove(Kind.GLOBAL_NETWORK_POLICY, "racers");
        withoutAgent(ground, findings);
        unknownInterfaces(ground, findings);
    }

    /** Sends from the pod's namespace before there is an interface, and to the addresses that the pod may get. */
    private static void race(Ground ground, Findings findings, Node node, String which) throws IOException {
        Family family = ground.families().getFirst();
        Token outBad = Token.fresh();
        Token outGood = Token.fresh();
        Token inBad = Token.fresh();
        Token inGood = Token.fresh();
        Actor victim = node == ground.one ? ground.near : ground.far;
        List<Racing> racing = new ArrayList<>();
        List<Ear> ears = new ArrayList<>();
        Pod pod = ground.pods().attach(ground.spec(RACER, RACER), node.host(), netns -> {
            NetworkNamespace inside = new NetworkNamespace(netns);
            ears.add(Ear.atTheWire("the new pod", inside));
            racing.add(new Racing(inside, family, List.of(new Shot(victim.ip(family), Traffic.ALWAYS, outBad), new Shot(victim.ip(family), Ground.OPEN, outGood))));
            List<Shot> shots = new ArrayList<>();
            for (int guess = 1; guess <= GUESSES; guess++) {
                Ip address = ground.newest(node, family).plus(guess);
                shots.add(new Shot(address, Ground.CLOSED, inBad));
                shots.add(new Shot(address, Ground.OPEN, inGood));
            }
            racing.add(new Racing(ground.attacker.namespace(), family, shots));
        });
        try {
            boolean out = victim.ear().hears(outGood, Findings.PATIENCE);
            boolean in = ears.getFirst().hears(inGood, Findings.PATIENCE);
            Pause.ofMillis(100);
            findings.proven(which + ": what its policy opens passes, out and in", out && in);
            findings.stopped(which + ": what its policy closes, out of it, from its first instant", victim.ear().heard(outBad) == 0, victim.ear().heard(outBad) + " packets came out");
            findings.stopped(which + ": what its policy closes, into it, from its first instant", ears.getFirst().heard(inBad) == 0, ears.getFirst().heard(inBad) + " packets came in");
        } finally {
            racing.forEach(Racing::close);
            ears.forEach(Ear::close);
            ground.pods().remove(pod);
        }
    }

    private record Shot(Ip to, int port, Token token) {}

    /** Sends as fast as it can, whatever becomes of it. */
    private static final class Racing implements AutoCloseable {

        private final Thread thread;
        private volatile boolean over;

        Racing(NetworkNamespace from, Family family, List<Shot> shots) {
            thread = Thread.ofPlatform().daemon().name("racing").start(() -> {
                try (DatagramChannel channel = from.<DatagramChannel, IOException>call(
                        () -> DatagramChannel.open(family == Family.V4 ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6))) {
                    while (!over) {
                        shots.forEach(shot -> shoot(channel, shot));
                        Pause.ofMillis(1);
                    }
                } catch (IOException broken) {
                    throw new LabException("Nothing can be sent from " + from + ": " + broken.getMessage(), broken);
                }
            });
        }

        private static void shoot(DatagramChannel channel, Shot shot) {
            try {
                channel.send(ByteBuffer.wrap(shot.token.bytes()), new InetSocketAddress(shot.to.toInetAddress(), shot.port));
            } catch (IOException notYet) {
                // There is no interface yet, or an answer to an earlier one says that nobody listens.
            }
        }

        @Override
        public void close() {
            over = true;
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Without the agent nobody makes rules: no pod comes to be. */
    private static void withoutAgent(Ground ground, Findings findings) {
        Host host = ground.one.host();
        host.program("systemctl", "stop", "canal-agent").must();
        try {
            String answer = attempt(() -> ground.pods().remove(ground.pods().attach(ground.spec(RACER, RACER), host)));
            findings.stopped("a pod while the agent is stopped", !answer.isEmpty(), "it was made");
        } finally {
            host.program("systemctl", "start", "canal-agent").must();
        }
        findings.proven("a pod once the agent is back", Pause.until(BACK,
                () -> attempt(() -> ground.pods().remove(ground.pods().attach(ground.spec(RACER, RACER), host))).isEmpty()));
    }

    private static String attempt(Runnable what) {
        try {
            what.run();
            return "";
        } catch (LabException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    /** One interface under two names: under the first, which is not canal's to guard, the packets pass. */
    private static void unknownInterfaces(Ground ground, Findings findings) {
        Host host = ground.one.host();
        host.program("ip", "netns", "add", STRANGE_NAMESPACE).must();
        try {
            host.program("ip", "link", "add", STRANGE, "address", Packet.GATEWAY.toString(), "type", "veth", "peer", "name", "eth0", "netns", STRANGE_NAMESPACE).must();
            host.program("ip", "-n", STRANGE_NAMESPACE, "link", "set", "eth0", "up").must();
            List<Ip> addresses = ground.families().stream().map(family -> unused(ground.near.ip(family))).toList();
            try (Actor strange = new Actor("strange", addresses, new NetworkNamespace(host.path("/run/netns/" + STRANGE_NAMESPACE)))) {
                up(host, STRANGE, addresses, strange.mac());
                for (Family family : ground.families()) {
                    Token out = Token.fresh();
                    findings.proven(family + " out of an interface with another name", Findings.arrives(ground.near.ear(), out, token -> out(strange, ground, family, token)));
                    Token in = Token.fresh();
                    findings.proven(family + " into an interface with another name", Findings.arrives(strange.ear(), in, token -> in(strange, ground, family, token)));
                }
                host.program("ip", "link", "set", STRANGE, "down").must();
                host.program("ip", "link", "set", STRANGE, "name", UNKNOWN).must();
                up(host, UNKNOWN, addresses, strange.mac());
                unknown(ground, findings, strange, "the agent alive");
                host.program("systemctl", "kill", "--signal=KILL", "canal-agent").must();
                host.program("systemctl", "stop", "canal-agent").must();
                try {
                    unknown(ground, findings, strange, "the agent dead");
                } finally {
                    host.program("systemctl", "start", "canal-agent").must();
                }
            }
        } finally {
            host.program("ip", "netns", "delete", STRANGE_NAMESPACE).must();
        }
    }

    private static void unknown(Ground ground, Findings findings, Actor strange, String agent) {
        for (Family family : ground.families()) {
            findings.probe(family + " out of an unknown cali interface, " + agent, ground.near.ear(), token -> out(strange, ground, family, token),
                    token -> ground.attacker.udp(ground.near.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes()));
            findings.probe(family + " into an unknown cali interface, " + agent, strange.ear(), token -> in(strange, ground, family, token), ground.far.ear(),
                    token -> ground.near.udp(ground.far.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes()));
        }
    }

    private static void out(Actor strange, Ground ground, Family family, Token token) {
        strange.udp(ground.near.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes());
    }

    private static void in(Actor strange, Ground ground, Family family, Token token) {
        ground.near.udp(strange.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes());
    }

    /** Another address of the node's subnet. */
    private static Ip unused(Ip like) {
        byte[] bytes = like.toBytes();
        bytes[bytes.length - 1] = UNUSED_HOST;
        return Ip.ofBytes(bytes);
    }

    private static void up(Host host, String device, List<Ip> addresses, Mac mac) {
        host.program("ip", "link", "set", device, "up").must();
        for (Ip address : addresses) {
            host.program("ip", "route", "replace", address + "/" + address.family().bits(), "dev", device).must();
            host.program("ip", "neigh", "replace", address.toString(), "lladdr", mac.toString(), "dev", device, "nud", "permanent").must();
        }
    }
}
