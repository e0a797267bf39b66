package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;

/** What befalls etcd, or the way to it. */
final class EtcdFaults {

    private static final String TABLE = "canal_lab_cut";
    private static final String DATA = "/var/lib/etcd/default/member";
    private static final Duration ELECTION = Duration.ofSeconds(30);

    private EtcdFaults() {}

    /** Drops what programs of the host send to any member's port for clients; nothing answers, as behind a broken switch. */
    static String cut(Host host) {
        host.program("nft", "-f", "-").stdin("""
                table inet %s {
                    chain out {
                        type filter hook output priority -200;
                        tcp dport 2379 drop
                    }
                }
                """.formatted(TABLE)).must();
        return "Nothing of " + host + " reaches etcd any more.";
    }

    static String join(Host host) {
        host.program("nft", "delete", "table", "inet", TABLE).must();
        return "Host " + host + " reaches etcd again.";
    }

    /** Another etcd in place of the old one: the same addresses and certificates, and nothing in it. */
    static String replace(Scene scene) {
        List<Host> members = scene.all().stream().filter(host -> Files.exists(host.path("/etc/default/etcd"))).toList();
        members.forEach(host -> host.program("systemctl", "stop", "etcd").must());
        members.forEach(host -> host.program("rm", "-rf", DATA).must());
        members.forEach(host -> host.program("systemctl", "start", "--no-block", "etcd").must());
        if (!Pause.until(ELECTION, () -> answers(scene))) {
            throw new LabException("The new etcd does not answer within " + ELECTION.toSeconds() + " s.");
        }
        return "etcd on " + members + " is a new one, with nothing in it.";
    }

    private static boolean answers(Scene scene) {
        try {
            scene.etcd().get("/canal/v1/epoch");
            return true;
        } catch (LabException notYet) {
            return false;
        }
    }
}
