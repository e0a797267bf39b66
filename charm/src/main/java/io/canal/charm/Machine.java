package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The node as the charm handles it: its parts, wired for one hook.
 *
 * @param time for waiting, only while an agent starts that the hook itself started
 */
record Machine(NodePaths node, Program program, Templates templates, Systemd systemd, NodeAgent agent, AgentProcess process, Time time) {

    /** Time that passes. */
    interface Time {

        /** As {@link System#nanoTime}. */
        long nanos();

        void pause(long millis);
    }

    /** The time of the clock on the wall. */
    private record RealTime() implements Time {

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void pause(long millis) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The machine that the hook runs on. */
    static Machine real(Path charmDir) throws IOException {
        NodePaths node = NodePaths.real();
        Path source = charmDir.resolve("program");
        Processes processes = new Processes();
        return new Machine(node, new Program(source, node), new Templates(source.resolve("templates")), processes, NodeAgent.of(node), processes,
                new RealTime());
    }

    Owner owner(HookContext context) {
        return new Owner(node, context.unit(), context.charmDir());
    }

    NodeSetup setup() {
        return new NodeSetup(node, program, templates, systemd);
    }

    SubnetCheck check(HookContext context) {
        return new SubnetCheck(node, context.command());
    }

    Credentials credentials() {
        return new Credentials(node);
    }
}
