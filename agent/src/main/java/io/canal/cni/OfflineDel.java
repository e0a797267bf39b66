package io.canal.cni;

import io.canal.cni.Attachment.Id;
import io.canal.ipam.HostLocal;
import io.canal.ipam.IpamFailed;
import io.canal.ipam.Owner;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Good;
import io.canal.model.NodePaths;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.PluginConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DEL without the agent: started by the plugin where no agent answers, with the runtime's variables and standard input.
 *
 * <p>It removes the wire (and with it route and neighbours) and the address, leaves the endpoint's deletion in the spool, and takes
 * the attachment out of the journal. The agent, when it is there again, finds all that.
 */
public final class OfflineDel {

    private static final Logger log = LoggerFactory.getLogger(OfflineDel.class);

    private OfflineDel() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length > 0 && arguments[0].equals("--train")) {
            // Loads and links what a DEL needs, for the AOT cache; there is no such container.
            run(NodePaths.real(), Map.of("CNI_COMMAND", "DEL", "CNI_CONTAINERID", "canal-training", "CNI_IFNAME", "eth0", "CNI_PATH", "/"), "{\"name\":\"canal-training\"}");
            return;
        }
        String stdin = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        Optional<CniError> error = run(NodePaths.real(), System.getenv(), stdin);
        error.ifPresent(problem -> System.out.print(problem.json()));
        System.out.flush();
        System.exit(error.isPresent() ? 1 : 0);
    }

    /** Does the DEL; gives what went wrong. Must be called in the network namespace of the host. */
    static Optional<CniError> run(NodePaths paths, Map<String, String> environment, String stdin) {
        try {
            CniRequest request = CniRequest.of(environment);
            if (request.command() != CniRequest.Command.DEL) {
                throw new CniRefused(CniError.TRY_AGAIN_LATER, request.command() + " needs canal's agent");
            }
            delete(paths, request, PluginConfig.decode(stdin));
            return Optional.empty();
        } catch (CniRefused refusal) {
            return Optional.of(refusal.error());
        } catch (IOException | IpamFailed failure) {
            return Optional.of(new CniError(CniError.TRY_AGAIN_LATER, "canal's agent does not answer, and without it DEL failed", String.valueOf(failure.getMessage())));
        }
    }

    private static void delete(NodePaths paths, CniRequest request, Decoded<PluginConfig> config) throws IOException, IpamFailed, CniRefused {
        Id id = new Id(request.containerId(), request.interfaceInPod());
        Journal journal = new Journal(paths.endpointJournal());
        Attachments attachments = new Attachments(journal.load());
        HostLocal ipam = new HostLocal(paths.hostLocalDir());
        Owner owner = new Owner(id.containerId(), id.interfaceInPod());
        boolean noted = true;
        Optional<Attachment> known = attachments.get(id).map(Journal.Entry::attachment);
        if (known.isPresent()) {
            Attachment attachment = known.get();
            if (!attachments.isAnothers(attachment)) {
                noted = noted(paths, new Write.DeleteEndpoint(attachment.endpoint().resource().key(), id.containerId()));
                try (Rtnl host = Rtnl.open()) {
                    PodWiring.remove(host, attachment.hostInterface());
                }
            }
            ipam.release(attachment.network(), owner);
        } else {
            NetworkNamespace pod = new NetworkNamespace(Path.of(request.netns()));
            if (!request.netns().isEmpty() && pod.exists() && !PodWiring.isOwn(pod.path())) {
                PodWiring.removeInside(pod, request.interfaceInPod(), attachments::hasMac);
            }
            if (config instanceof Good<PluginConfig>(PluginConfig good)) {
                leaveDeletion(paths, request, good, attachments);
            }
        }
        if (config instanceof Good<PluginConfig>(PluginConfig good)) {
            ipam.release(good.name(), owner);
        }
        if (noted) {
            journal.remove(id);
        } else {
            journal.retire(id);
        }
    }

    /** Whether the agent will find it; a disk that takes nothing more is no reason to keep a pod. */
    private static boolean noted(NodePaths paths, Write write) {
        try {
            Spool.leave(paths.spool(), write);
            return true;
        } catch (IOException full) {
            log.warn("the spool {} cannot be written: {}", paths.spool(), full.toString());
            return false;
        }
    }

    /** Where the journal does not know the pod, its endpoint is named by the runtime's words and the node's name. */
    private static void leaveDeletion(NodePaths paths, CniRequest request, PluginConfig config, Attachments attachments) {
        Optional<String> nodename = config.nodename().or(() -> nodename(paths));
        if (nodename.isEmpty()) {
            return;
        }
        try {
            Identity identity = Identity.of(request, config, nodename.get());
            if (attachments.ownerOf(identity.hostInterface()).isEmpty()) {
                var unused = noted(paths, new Write.DeleteEndpoint(identity.key(), request.containerId()));
            }
        } catch (CniRefused noName) {
            // Then it has no endpoint either.
            return;
        }
    }

    private static Optional<String> nodename(NodePaths paths) {
        try {
            return Optional.of(Files.readString(paths.calicoNodename()).strip()).filter(name -> !name.isEmpty());
        } catch (IOException absent) {
            return Optional.empty();
        }
    }
}
