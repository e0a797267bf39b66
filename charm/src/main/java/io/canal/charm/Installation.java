package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.juju.Status;
import java.io.IOException;

/** Puts the charm's program and what goes with it onto the node. */
record Installation(HookContext context, Juju juju, Machine machine) {

    /** Whether this charm's program is the one in use: not so after an upgrade, or where the node was another unit's. */
    boolean isDone() throws IOException {
        return machine.program().isCurrent() && machine.setup().isDone();
    }

    void run() throws IOException {
        juju.status(Status.maintenance("Installing the node agent"));
        if (!machine.program().isCurrent()) {
            // Before the change: a hook that is cut off in between must not lose it.
            RestartNote.of(context).leave();
        }
        machine.program().install();
        machine.setup().install();
        juju.workloadVersion(machine.program().version());
    }
}
