package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A host that is made from another one's disk image: it has the other's node id, and remembers the other's subnet. */
record CopiedNode(Scene scene) {

    private static final String STATE = "/var/lib/canal/";
    private static final List<String> IDENTITY = List.of("node-id", "lease.json");
    private static final String KEPT = ".canal-lab-kept";

    String make() {
        Host host = scene.host();
        Host other = scene.all().stream().filter(one -> one.number() != host.number() && Files.exists(one.path(STATE + IDENTITY.getFirst()))).findFirst()
                .orElseThrow(() -> new LabException("No other host has a node id that " + host + " could be given."));
        stop(host);
        for (String file : IDENTITY) {
            Path own = host.path(STATE + file);
            if (!Files.exists(kept(host, file))) {
                host.program("mv", STATE + file, STATE + file + KEPT).must();
            }
            try {
                Files.write(own, Files.readAllBytes(other.path(STATE + file)));
            } catch (IOException failure) {
                throw new LabException(file + " of " + other + " cannot be copied to " + host + ": " + failure.getMessage(), failure);
            }
        }
        start(host);
        return "Host " + host + " takes itself for " + other + ".";
    }

    String undo() {
        Host host = scene.host();
        stop(host);
        for (String file : IDENTITY) {
            if (Files.exists(kept(host, file))) {
                host.program("mv", STATE + file + KEPT, STATE + file).must();
            }
        }
        start(host);
        return "Host " + host + " is itself again.";
    }

    private static Path kept(Host host, String file) {
        return host.path(STATE + file + KEPT);
    }

    private static void stop(Host host) {
        host.program("systemctl", "stop", "canal-agent").must();
    }

    private static void start(Host host) {
        host.program("systemctl", "start", "canal-agent").must();
    }
}
