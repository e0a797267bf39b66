package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.schema.Schema;
import io.canal.model.calico.Kind;
import io.canal.store.StoreException;
import java.util.Optional;
import java.util.regex.Pattern;

/** Sets, changes and removes one label of a resource. */
record Labelling(Client client, Surroundings world) {

    private static final Pattern PREFIX = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");

    int label(Kind kind, String word, String namespace, String name, String label, boolean remove, boolean overwrite)
            throws Refused, StoreException {
        int equals = label.indexOf('=');
        String key = remove ? label : label.substring(0, equals);
        String what = word + " " + name;
        ObjectNode resource;
        try {
            resource = client.get(kind, namespace, name).shown(new Schema());
        } catch (Refused missing) {
            throw new Refused(what + " not found");
        }
        ObjectNode metadata = (ObjectNode) resource.get("metadata");
        ObjectNode labels = metadata.get("labels") instanceof ObjectNode there ? there : metadata.putObject("labels");
        Optional<String> before = Optional.ofNullable(labels.get(key)).map(value -> value.asText());
        if (remove) {
            if (before.isEmpty()) {
                throw new Refused("cannot remove label of " + what + ", key " + key + " does not exist");
            }
            labels.remove(key);
        } else {
            String value = label.substring(equals + 1);
            if (before.isPresent() && !before.get().equals(value) && !overwrite) {
                throw new Refused("failed to update label of " + what + ", key " + key + " is already present. please use '--overwrite' to set a new value");
            }
            if (!isKey(key) || !(value.isEmpty() || NAME.matcher(value).matches())) {
                throw new Refused("failed to update " + what + ", label not changed");
            }
            labels.put(key, value);
        }
        try {
            client.update(kind, resource, true);
        } catch (Refused refused) {
            throw new Refused("failed to update " + what + ", label not changed");
        }
        world.out().println(remove ? "Successfully removed label " + key + " from " + what
                : "Successfully " + (before.isPresent() ? "updated" : "set") + " label " + key + " on " + what);
        return 0;
    }

    /** A key of Kubernetes' labels: a name, with a domain before it or without. */
    private static boolean isKey(String key) {
        int slash = key.indexOf('/');
        return NAME.matcher(key.substring(slash + 1)).matches() && (slash < 0 || PREFIX.matcher(key.substring(0, slash)).matches());
    }
}
