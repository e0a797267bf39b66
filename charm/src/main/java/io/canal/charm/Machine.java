package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The node as the charm handles it: its parts, wired for one hook.
 *
 * @param pause how to wait for a moment, in milliseconds; only while an agent starts that the hook itself started
 */
record Machine(NodePaths node, Program program, Templates templates, Systemd systemd, NodeAgent agent, AgentProcess process, Pause pause) {

    /** Waits for a moment. */
    interface Pause {
        void millis(long millis);
    }

    /** The machine that the hook runs on. */
    static Machine real(HookContext context) throws IOException {
        NodePaths node = NodePaths.real();
        Path source = context.charmDir().resolve("program");
        Processes processes = new Processes();
        return new Machine(node, new Program(source, node), new Templates(source.resolve("templates")), processes, NodeAgent.of(node), processes,
                millis -> {
                    try {
                        Thread.sleep(millis);
                    } catch (InterruptedException interrupted) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    Owner owner(HookContext context) {
        return new Owner(node, context.unit(), context.charmDir());
    }

    NodeSetup setup() {
        return new NodeSetup(node, program, templates, systemd);
    }

    SubnetCheck check() {
        return new SubnetCheck(node);
    }

    Credentials credentials() {
        return new Credentials(node);
    }
}
