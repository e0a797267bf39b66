package io.canal.cni;

import io.canal.model.Ip;
import io.canal.model.calico.WorkloadEndpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The names of the pods of this node by their addresses, from the journal, whether the agent runs or not. */
public final class AttachedPods {

    private AttachedPods() {}

    /**
     * Reads them.
     *
     * @param endpoints the journal's folder
     * @return of each address such as {@code 10.1.49.7} a name such as {@code default/web}
     */
    public static Map<String, String> byAddress(Path endpoints) throws IOException {
        Map<String, String> names = new TreeMap<>();
        if (!Files.isDirectory(endpoints)) {
            return names;
        }
        for (Journal.Entry entry : new Journal(endpoints).load()) {
            WorkloadEndpoint endpoint = entry.attachment().endpoint();
            String pod = endpoint.pod().isEmpty() ? "container " + endpoint.containerId() : endpoint.resource().key().namespace() + "/" + endpoint.pod();
            for (Ip address : entry.attachment().addresses()) {
                names.put(address.toString(), pod);
            }
        }
        return names;
    }
}
