package io.canal.charm;

import io.canal.juju.Event.Relation;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.juju.JujuRefused;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * Which relations on the endpoint {@code cni} are those with our own principal.
 *
 * <p>Juju 4 tells a subordinate of every principal of the model, and a broken hook may name no application. So the ids are noted,
 * in the charm's folder, while Juju still says whose they are.
 */
record PrincipalRelations(HookContext context, Juju juju) {

    /** Notes the relation of a hook where it is with our principal. */
    void note(Relation relation) throws IOException {
        boolean ours = relation.remoteUnit().isPresent()
                ? relation.remoteUnit().filter(context::isPrincipal).isPresent()
                : isWithItsApplication(relation);
        if (ours) {
            note(List.of(relation.id()));
        }
    }

    /** Notes relations that are known to be with our principal. */
    void note(Collection<String> relations) throws IOException {
        TreeSet<String> all = noted();
        if (all.addAll(relations)) {
            NodeFile.put(file(), String.join("\n", all) + "\n", "rw-r--r--");
        }
    }

    /** Whether the relation of a broken hook was with our principal. */
    boolean contain(Relation broken) throws IOException {
        TreeSet<String> noted = noted();
        if (!noted.isEmpty()) {
            return noted.contains(broken.id());
        }
        if (broken.remoteApp().isPresent()) {
            return isWithItsApplication(broken);
        }
        // A subordinate's only relation on this endpoint is the one that it lives by.
        try {
            return juju.relationIds("cni").stream().allMatch(broken.id()::equals);
        } catch (JujuRefused gone) {
            return true;
        }
    }

    private boolean isWithItsApplication(Relation relation) {
        return relation.remoteApp().isPresent()
                && relation.remoteApp().equals(context.principal().map(HookContext::applicationOf));
    }

    private TreeSet<String> noted() throws IOException {
        TreeSet<String> noted = new TreeSet<>(NodeFile.text(file()).lines().toList());
        noted.remove("");
        return noted;
    }

    private Path file() {
        return context.charmDir().resolve(".canal-cni");
    }
}
