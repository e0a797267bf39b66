package io.canal.ctl;

import io.canal.model.calico.Kind;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What became of the resources of one command, and how calicoctl tells it. */
final class Handled {

    private final String command;
    private final String verb;
    private final Set<Kind> kinds = new LinkedHashSet<>();
    private final List<String> errors = new ArrayList<>();
    private int all;
    private int done;

    /** @param verb the command's past tense */
    Handled(String command, String verb) {
        this.command = command;
        this.verb = verb;
    }

    void count(Kind kind) {
        kinds.add(kind);
        all++;
    }

    void done() {
        done++;
    }

    void failed(String error) {
        errors.add(error);
    }

    private String kind() {
        return kinds.size() == 1 ? "'" + kinds.iterator().next().title() + "' " : "";
    }

    /** Tells the user; the exit code. */
    int report(Surroundings world) {
        if (errors.isEmpty()) {
            world.out().println("Successfully " + verb + " " + done + " " + kind() + "resource(s)");
            return 0;
        }
        if (command.equals("delete")) {
            if (done > 0) {
                world.out().println("Partial success: deleted the first " + done + " out of " + all + " " + kind() + "resources:");
            }
            // Calicoctl ends each of its lines, and then the whole.
            errors.forEach(error -> world.err().println("Failed to delete " + kind() + "resource: " + error));
            world.err().println();
            return 1;
        }
        // One that could not be replaced counts as handled upstream, and only the last error is kept.
        boolean replace = command.equals("replace");
        int handled = replace ? all : done;
        if (handled == 0) {
            String what = all == 1 ? kind() + "resource" : "any " + kind() + "resources";
            world.err().println("failed to " + command + " " + what + ": [" + String.join(" ", errors) + "]");
            return 1;
        }
        if (handled - errors.size() > 0) {
            world.out().println("Partial success: " + verb + " the first " + handled + " out of " + all + " " + kind() + "resources:");
        }
        world.err().println((command.equals("validate") ? "hit error(s): " : "hit error: ")
                + (replace ? errors.getLast() : "[" + String.join(" ", errors) + "]"));
        return 1;
    }
}
