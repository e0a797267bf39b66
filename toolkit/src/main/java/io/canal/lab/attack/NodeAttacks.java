package io.canal.lab.attack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.pod.PodSpec.HostPort;
import io.canal.lab.pod.PodSpec.Protocol;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/** What a node has that is not for pods: its ports, its marks, its services. */
final class NodeAttacks {

    private static final int HIJACKED = 5353;
    private static final int ETCD = 2379;
    /** A port that the victims' policy leaves open, and whose packets nobody marks. */
    private static final int MARKED_NOT = 5002;
    private static final int MARKS = 32;
    private static final Set<PosixFilePermission> PRIVATE = Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private NodeAttacks() {}

    /** A pod with a hostPort gets what is for the node's address, and nothing else that has the port. */
    static void hostPorts(Ground ground, Findings findings) {
        Actor hog = ground.actor("hog", ground.one, "hog", new HostPort(HIJACKED, Ground.OPEN, Protocol.UDP), new HostPort(HIJACKED, Ground.OPEN, Protocol.TCP));
        try {
            Actor attacker = ground.attacker;
            for (Family family : ground.families()) {
                Token own = Token.fresh();
                findings.proven(family + " the host port leads to its pod",
                        Findings.arrives(hog.ear(), own, token -> Node.udp(ground.outside(), ground.one.address(family), HIJACKED, token.bytes())));
                for (Actor other : List.of(ground.near, ground.far)) {
                    elsewhere(findings, family + " to another pod", hog, other.ear(), token -> attacker.udp(other.ip(family), Ground.SOURCE, HIJACKED, token.bytes()));
                }
                elsewhere(findings, family + " to another node", hog, ground.two.ear(),
                        token -> attacker.udp(ground.two.address(family), Ground.SOURCE, HIJACKED, token.bytes()));
                elsewhere(findings, family + " from the node to another node", hog, ground.two.ear(),
                        token -> ground.one.udp(ground.two.address(family), HIJACKED, token.bytes()));
            }
        } finally {
            ground.dismiss(hog);
        }
    }

    private static void elsewhere(Findings findings, String what, Actor hog, Ear rightful, Consumer<Token> send) {
        findings.probe("traffic with the host port's number " + what, hog.ear(), send, rightful, send);
    }

    static void marks(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            for (Actor victim : List.of(ground.near, ground.far)) {
                Ip to = victim.ip(family);
                findings.probe(family + " SO_MARK, each bit, to " + victim.ear(), victim.ear(),
                        token -> marked(attacker, to, Ground.CLOSED, token), token -> marked(attacker, to, Ground.OPEN, token));
            }
        }
        for (String hook : List.of("prerouting", "forward")) {
            for (int priority : List.of(-310, -290, -140, -1)) {
                ground.one.rules("""
                        chain other {
                            type filter hook %s priority %d;
                            udp dport { %d, %d } iifname "cali*" meta mark set meta mark | 0xffff0000
                        }""".formatted(hook, priority, Ground.CLOSED, Ground.OPEN));
                for (Family family : ground.families()) {
                    Ip to = ground.near.ip(family);
                    findings.probe(family + " with all bits of ours set by another program, " + hook + " " + priority, ground.near.ear(),
                            token -> attacker.udp(to, Ground.SOURCE, Ground.CLOSED, token.bytes()), token -> attacker.udp(to, Ground.SOURCE, MARKED_NOT, token.bytes()));
                }
                ground.one.withoutRules();
            }
        }
    }

    private static void marked(Actor attacker, Ip to, int port, Token token) {
        try {
            for (int bit = 0; bit < MARKS; bit++) {
                attacker.mark(1 << bit);
                attacker.udp(to, Ground.SOURCE, port, token.bytes());
            }
            attacker.mark(-1);
            attacker.udp(to, Ground.SOURCE, port, token.bytes());
        } finally {
            attacker.mark(0);
        }
    }

    /** What protects a node's services from pods: their own egress policy, for any node, and DefaultEndpointToHostAction, for their own. */
    static void services(Ground ground, Findings findings) throws IOException {
        for (String socket : List.of("/run/canal/agent.sock", "/run/canal/cni.sock")) {
            Path path = ground.one.host().path(socket);
            findings.stopped(socket + " is for root alone", Files.getPosixFilePermissions(path).equals(PRIVATE), "its mode is " + Files.getPosixFilePermissions(path));
        }
        etcd(ground, findings);
        toHost(ground, findings);
    }

    /** In spite of the failsafe ports, which are for host endpoints. */
    private static void etcd(Ground ground, Findings findings) {
        Path pod = ground.attacker.namespace().path();
        Node member = List.of(ground.one, ground.two).stream().filter(node -> Files.exists(node.host().path("/etc/default/etcd"))).findFirst()
                .orElseThrow(() -> new LabException("Neither of the lab's first two hosts runs etcd."));
        List<Family> families = ground.families().stream().filter(family -> AddressAttacks.connects(pod, member.address(family).toString(), ETCD)).toList();
        findings.proven("a pod without a policy reaches etcd's port", !families.isEmpty());
        String nets = String.join(",", ground.families().stream().map(family -> "\"" + member.address(family) + "/" + family.bits() + "\"").toList());
        ground.policy("off-the-nodes", """
                {"selector":"attack-test == 'attacker'","types":["Egress"],"egress":[
                 {"action":"Deny","protocol":"TCP","destination":{"nets":[%s],"ports":[2379,2380,10250,10255]}},{"action":"Allow"}]}""".formatted(nets));
        try {
            for (Family family : families) {
                Ip node = member.address(family);
                findings.stopped(family + " etcd's port, against the pod's egress policy",
                        Pause.until(Findings.PATIENCE, () -> !AddressAttacks.connects(pod, node.toString(), ETCD)), "a pod could connect to it");
                Token other = Token.fresh();
                findings.proven(family + " other ports of that node stay open",
                        Findings.arrives(member.ear(), other, token -> ground.attacker.udp(node, Ground.newSource(), ETCD, token.bytes())));
            }
        } finally {
            ground.remove(Kind.GLOBAL_NETWORK_POLICY, "off-the-nodes");
        }
    }

    private static void toHost(Ground ground, Findings findings) {
        ResourceKey key = ResourceKey.of(Kind.FELIX_CONFIGURATION, "default");
        Optional<String> before = ground.etcd().get(key.path());
        Resource drop = before.map(text -> Resource.decode(key, text).orThrow())
                .orElseGet(() -> Resource.make(key, Map.of(), Json.object()).created(UUID.randomUUID(), Instant.now()));
        ((ObjectNode) drop.spec()).put("defaultEndpointToHostAction", "Drop");
        try {
            ground.etcd().put(key.path(), drop.encode());
            for (Family family : ground.families()) {
                Ip node = ground.one.address(family);
                boolean shut = Pause.until(Findings.PATIENCE, () -> {
                    Token token = Token.fresh();
                    ground.attacker.udp(node, Ground.newSource(), ETCD, token.bytes());
                    return !ground.one.ear().hears(token, Findings.SOON);
                });
                findings.stopped(family + " its own node, with DefaultEndpointToHostAction Drop", shut, "a packet arrived at the node");
                Token other = Token.fresh();
                findings.proven(family + " pods are reached nevertheless", Findings.arrives(ground.near.ear(), other,
                        token -> ground.attacker.udp(ground.near.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes())));
            }
        } finally {
            before.ifPresentOrElse(text -> ground.etcd().put(key.path(), text), () -> ground.etcd().delete(key.path()));
        }
        for (Family family : ground.families()) {
            Token open = Token.fresh();
            findings.proven(family + " the node is reached as before", Findings.arrives(ground.one.ear(), open,
                    token -> ground.attacker.udp(ground.one.address(family), Ground.SOURCE, ETCD, token.bytes())));
        }
    }
}
