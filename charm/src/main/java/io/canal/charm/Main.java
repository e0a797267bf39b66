package io.canal.charm;

import io.canal.juju.HookContext;
import io.canal.juju.HookTools;
import io.canal.juju.JujuRefused;
import java.io.IOException;

/** Runs one hook or action, as {@code dispatch} starts it. */
public final class Main {

    private Main() {}

    /** @param arguments none; or {@code --train}, to make the AOT cache while the charm is built */
    public static void main(String[] arguments) {
        if (arguments.length == 1 && arguments[0].equals("--train")) {
            Training.run();
            return;
        }
        int code;
        try {
            HookContext context = HookContext.of(System.getenv());
            code = new Charm(context, new HookTools(), Machine.real(context)).run();
        } catch (JujuRefused | IOException | IllegalStateException failure) {
            System.err.println(failure.getMessage() == null ? failure.toString() : failure.getMessage());
            code = 1;
        }
        // Not by returning: a client's threads may still be at work, and nobody needs them any more.
        System.exit(code);
    }
}
