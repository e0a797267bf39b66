package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.juju.HookTools;
import io.canal.juju.JujuRefused;
import io.canal.model.NodePaths;
import java.io.IOException;

/** Runs one hook or action, as {@code dispatch} starts it. */
public final class Main {

    private Main() {}

    /**
     * @param arguments none; {@code --train} to make the AOT cache while the charm is built; or {@code --leave} to remove canal from a
     *     node whose unit was removed without its last hooks
     */
    public static void main(String[] arguments) {
        if (arguments.length == 1 && arguments[0].equals("--train")) {
            Training.run();
            return;
        }
        int code;
        try {
            if (arguments.length == 1 && arguments[0].equals("--leave")) {
                Departure.ofAbandoned(Machine.real(NodePaths.real().programDir())).clear();
                System.err.println("canal has left this node");
                System.exit(0);
            }
            HookContext context = HookContext.of(System.getenv());
            code = new Charm(context, new HookTools(), Machine.real(context.charmDir())).run();
        } catch (JujuRefused | IOException | IllegalStateException failure) {
            System.err.println(failure.getMessage() == null ? failure.toString() : failure.getMessage());
            code = 1;
        }
        // Not by returning: a client's threads may still be at work, and nobody needs them any more.
        System.exit(code);
    }
}
