package io.canal.charm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Event;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.juju.JujuRefused;
import io.canal.juju.LogLevel;
import io.canal.juju.Status;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Leaves the node as it was before canal.
 *
 * <p>Juju may run any of etcd-relation-broken, cni-relation-broken, stop and remove in a teardown, in any order, some after the
 * unit is gone from its records, and may leave out the others. So each of them does all of it; what is done already is not there
 * any more; and nothing depends on what Juju answers.
 */
record Departure(HookContext context, Juju juju, Machine machine) {

    /** Of a node whose unit is gone, for somebody who is there. */
    static Departure ofAbandoned(Machine machine) throws IOException {
        String unit = NodeFile.text(machine.node().ownerUnit());
        Path home = machine.program().current();
        return new Departure(new HookContext(Event.Life.REMOVE, unit.isEmpty() ? "canal" : unit, Optional.empty(), home, "canal"), new OutsideJuju(), machine);
    }

    /** Remembers that our unit is on its way out: Juju says so only in departed hooks. */
    void note() throws IOException {
        NodeFile.put(mark(), context.unit() + "\n", "rw-r--r--");
    }

    /** Whether it is. */
    boolean isNoted() {
        return Files.exists(mark());
    }

    void run() throws IOException {
        note();
        if (!machine.owner(context).isAnothers()) {
            clear();
        }
    }

    /** All of it, for whoever asks: of a unit whose folder is gone as well. */
    void clear() throws IOException {
        NodePaths node = machine.node();
        if (!Files.exists(node.ownerUnit()) && !Files.exists(node.programDir())) {
            return;
        }
        tryTo(() -> juju.status(Status.maintenance("Leaving the network")));
        stopAgent();
        machine.setup().remove();
        machine.credentials().remove();
        Files.deleteIfExists(node.conflist());
        Files.deleteIfExists(node.subnetEnv());
        NodeFile.removeIfEmpty(node.at("run/flannel"));
        NodeFile.remove(node.at("run/canal"));
        NodeFile.remove(node.stateDir());
        NodeFile.remove(node.programDir());
        // The owner's file comes last: while it is there, another hook goes on where this one was cut off.
        NodeFile.remove(node.at("etc/canal"));
    }

    /** Has the running agent give up the subnet and clear the kernel; without one, its program does. */
    private void stopAgent() throws IOException {
        switch (machine.agent().ask(Op.LEAVE, Json.object(), Duration.ofSeconds(10))) {
            case Reply.Done(ObjectNode body) -> {
                body.path("left").forEach(left -> log(LogLevel.WARNING, "left on the node: " + left.asText()));
                machine.systemd().control("stop", NodeSetup.UNIT);
            }
            case Reply.Refused(String sentence) -> leaveWithoutIt(sentence);
            case Reply.Unreachable(String sentence) -> leaveWithoutIt(sentence);
        }
    }

    private void leaveWithoutIt(String why) throws IOException {
        machine.systemd().control("stop", NodeSetup.UNIT);
        Path home = machine.program().current();
        if (!Files.exists(home)) {
            return;
        }
        log(LogLevel.INFO, "clearing the node without its agent: " + why);
        Optional<String> failure = machine.process().leave(home.toRealPath());
        failure.ifPresent(words -> log(LogLevel.WARNING, "not everything of canal could be removed from the kernel; a reboot does: " + words));
    }

    private void log(LogLevel level, String message) {
        tryTo(() -> juju.log(level, message));
    }

    private static void tryTo(Runnable call) {
        try {
            call.run();
        } catch (JujuRefused gone) {
            // The unit may be gone from Juju's records while its last hooks run.
            System.err.println(gone.getMessage());
        }
    }

    private Path mark() {
        return context.charmDir().resolve(".canal-leaving");
    }
}
