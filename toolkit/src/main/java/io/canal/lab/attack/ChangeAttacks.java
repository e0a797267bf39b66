package io.canal.lab.attack;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.proof.PodSocket;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.calico.Kind;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Moments at which rules change: a hole may be open for a packet's length. */
final class ChangeAttacks {

    private static final int CHANGES = 40;
    private static final int MOST_CHANGES = 1_000;
    private static final int KILLS = 5;
    /** As long as a start takes, more or less. */
    private static final int LONGEST_PAUSE_MILLIS = 1_500;
    private static final String TIMEOUT = "net.netfilter.nf_conntrack_udp_timeout";
    private static final String SHORT = "3";
    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final Duration BACK = Duration.ofSeconds(30);
    private static final String POLICY = "moment";

    private ChangeAttacks() {}

    static void policySwaps(Ground ground, Findings findings) throws IOException {
        quick(ground, ChangeAttacks::swap, findings);
    }

    private static void swap(Ground ground, Findings findings) {
        moment(ground, true);
        Ground.await("the policy of the moment is in force", () -> Ground.closed(ground.attacker, ground.near, Traffic.NEVER));
        try {
            for (Family family : ground.families()) {
                try (Traffic traffic = new Traffic(family, ground.near, ground.attacker, ground.far)) {
                    int changes = 0;
                    // Two that are waited for, so that both states were in force whatever becomes of those that chase each other.
                    moment(ground, false);
                    Ground.await("the policy of the moment closes", () -> Ground.closed(ground.attacker, ground.near, Traffic.AT_TIMES));
                    moment(ground, true);
                    Ground.await("the policy of the moment opens", () -> Ground.arrives(ground.attacker, ground.near, Traffic.AT_TIMES));
                    // On a quick machine more of them, until there were packets enough.
                    while (changes < CHANGES / ground.families().size() || !traffic.isEnough() && changes < MOST_CHANGES) {
                        changes++;
                        moment(ground, changes % 2 == 0);
                    }
                    Pause.ofMillis(300);
                    traffic.judge(changes + 2 + " changes, " + family, findings);
                }
            }
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        } finally {
            ground.remove(Kind.GLOBAL_NETWORK_POLICY, POLICY);
        }
        Ground.await("without the policy of the moment its ports are open", () -> Ground.arrives(ground.attacker, ground.near, Traffic.NEVER));
    }

    /** The same ports, by other rules and other sets: one opens {@link Traffic#AT_TIMES}, one closes it. */
    private static void moment(Ground ground, boolean open) {
        ground.policy(POLICY, open ? """
                {"order":1,"selector":"attack-test == 'victim'","types":["Ingress"],"ingress":[
                 {"action":"Deny","protocol":"UDP","destination":{"ports":[6002]}},
                 {"action":"Allow","protocol":"UDP","source":{"selector":"has(attack-test)"},"destination":{"ports":[6001,6003]}}]}"""
                : """
                {"order":1,"selector":"attack-test == 'victim'","types":["Ingress"],"ingress":[
                 {"action":"Allow","protocol":"UDP","source":{"selector":"attack-test in {'attacker', 'victim'}"},"destination":{"ports":[6001]}},
                 {"action":"Deny","protocol":"UDP","destination":{"ports":["6002:6003"]}}]}""");
    }

    static void kills(Ground ground, Findings findings) throws IOException {
        quick(ground, ChangeAttacks::kill, findings);
    }

    private static void kill(Ground ground, Findings findings) throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        moment(ground, true);
        Ground.await("the policy of the moment is in force", () -> Ground.closed(ground.attacker, ground.near, Traffic.NEVER));
        Family family = ground.families().getFirst();
        Ip to = ground.near.ip(family);
        Path near = ground.near.namespace().path();
        try (ServerSocket server = PodSocket.listen(near, to.toString(), Traffic.ALWAYS)) {
            try (Socket client = PodSocket.connect(ground.attacker.namespace().path(), to.toString(), Traffic.ALWAYS, CONNECT); Socket served = server.accept();
                    Traffic traffic = new Traffic(family, ground.near, ground.attacker, ground.far)) {
                for (int kill = 1; kill <= KILLS; kill++) {
                    moment(ground, kill % 2 == 0);
                    Pause.ofMillis(random.nextInt(20));
                    Host host = ground.one.host();
                    String process = process(host);
                    host.program("systemctl", "kill", "--kill-who=main", "--signal=KILL", "canal-agent").must();
                    findings.proven("the agent starts again", Pause.until(BACK, () -> !Set.of("0", process).contains(process(host))));
                    Pause.ofMillis(random.nextInt(LONGEST_PAUSE_MILLIS));
                }
                // One of the two is what the kernel has anyway; both it has only when the agent is back.
                moment(ground, true);
                findings.proven("the agent is back, and opens", Pause.until(BACK, () -> Ground.arrives(ground.attacker, ground.near, Traffic.AT_TIMES)));
                moment(ground, false);
                findings.proven("the agent is back, and closes", Pause.until(BACK, () -> Ground.closed(ground.attacker, ground.near, Traffic.AT_TIMES)));
                traffic.judge(KILLS + " kills of the agent (seed " + seed + ")", findings);
                client.getOutputStream().write('x');
                served.setSoTimeout((int) CONNECT.toMillis());
                findings.stopped("the end of a connection that was there", served.getInputStream().read() == 'x', "no byte came through");
            }
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        } finally {
            ground.remove(Kind.GLOBAL_NETWORK_POLICY, POLICY);
        }
    }

    private static String process(Host host) {
        return host.program("systemctl", "show", "--property=MainPID", "--value", "canal-agent").must().strip();
    }

    /** Thousands of flows a second would fill the nodes' tables of connections: while the play runs they are forgotten sooner. */
    private static void quick(Ground ground, Attack.Play play, Findings findings) throws IOException {
        Map<Host, String> before = new LinkedHashMap<>();
        ground.hosts().forEach(host -> before.put(host, host.program("sysctl", "-n", TIMEOUT).must().strip()));
        try {
            ground.hosts().forEach(host -> host.program("sysctl", "-qw", TIMEOUT + "=" + SHORT).must());
            play.run(ground, findings);
        } finally {
            before.forEach((host, timeout) -> host.program("sysctl", "-qw", TIMEOUT + "=" + timeout).must());
        }
    }

    private static LabException interrupted(InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return new LabException("The attacks were interrupted.", interrupted);
    }
}
