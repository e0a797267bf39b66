package io.canal.cni;

import io.canal.cni.Attachment.Id;
import io.canal.ipam.IpamFailed;
import io.canal.ipam.Owner;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Mac;
import io.canal.model.calico.ResourceKey;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.PluginConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DEL: deletion spooled, wire, row, address, journal. What is gone already is passed over, and a configuration that cannot be read
 * does not matter where the journal knows the pod. A disk that takes nothing more is no reason to keep a pod: its entry of the journal
 * then takes the place of the spooled deletion.
 */
final class Deleter {

    private static final Logger log = LoggerFactory.getLogger(Deleter.class);

    private final Kit kit;

    Deleter(Kit kit) {
        this.kit = kit;
    }

    void delete(CniRequest request, Decoded<PluginConfig> decoded) throws CniRefused {
        Id id = new Id(request.containerId(), request.interfaceInPod());
        Optional<PluginConfig> config = switch (decoded) {
            case Good<PluginConfig>(PluginConfig good) -> Optional.of(good);
            case Bad<PluginConfig>(var problem) -> {
                log.info("DEL {}: {}; it is done with what the journal knows", id, problem.sentence());
                yield Optional.empty();
            }
        };
        Optional<Identity> identity = identity(request, config);
        String hostInterface = kit.attachments().get(id).map(entry -> entry.attachment().hostInterface())
                .or(() -> identity.map(Identity::hostInterface)).orElse(id.toString());
        try (var _ = kit.locks().take(id.toString(), hostInterface)) {
            Optional<Journal.Entry> entry = kit.attachments().get(id);
            try {
                if (entry.isPresent()) {
                    delete(entry.get().attachment());
                } else {
                    deleteUnknown(request, config, identity);
                }
            } catch (IOException | IpamFailed failure) {
                throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, id + " is not removed yet", String.valueOf(failure.getMessage())));
            }
        }
    }

    /** Removes an attachment that the journal knows. */
    void delete(Attachment attachment) throws IOException, IpamFailed {
        boolean noted = kit.attachments().isAnothers(attachment) || kit.spool().addAnyhow(deletion(attachment));
        kit.steps().reached(Step.DELETION_SPOOLED);
        removeWire(attachment);
        kit.steps().reached(Step.WIRE_REMOVED);
        release(attachment);
        kit.steps().reached(Step.ADDRESS_RELEASED);
        if (noted) {
            kit.journal().remove(attachment.id());
        } else {
            kit.journal().retire(attachment.id());
        }
        kit.attachments().remove(attachment.id());
    }

    /** Notes for etcd, and for good, the deletion of what was removed while the disk took nothing. */
    void settle(Attachment retired) throws IOException {
        if (kit.attachments().isAnothers(retired) || kit.attachments().get(retired.id()).isPresent() || kit.spool().addAnyhow(deletion(retired))) {
            kit.journal().settled(retired.id());
        }
    }

    private static Write deletion(Attachment attachment) {
        return new Write.DeleteEndpoint(attachment.endpoint().resource().key(), attachment.id().containerId());
    }

    /** Removes what an ADD has made so far, as far as that goes; the ADD's own failure is what the caller hears. */
    void undo(Attachment attachment) {
        try {
            delete(attachment);
        } catch (IOException | IpamFailed failure) {
            log.warn("{} is left half removed until DEL: {}", attachment.id(), failure.getMessage());
        }
    }

    /** Removes the wire of an attachment that is to be made anew; its address stays. */
    void takeDown(Attachment attachment) throws CniRefused {
        try {
            removeWire(attachment);
        } catch (IOException failure) {
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "what is left of " + attachment.id() + " cannot be removed", String.valueOf(failure.getMessage())));
        }
    }

    private void removeWire(Attachment attachment) throws IOException {
        if (!kit.attachments().isAnothers(attachment)) {
            kit.links().remove(attachment.hostInterface());
        }
        kit.rows().remove(attachment.row());
    }

    private void release(Attachment attachment) throws IpamFailed {
        kit.ipam().release(attachment.network(), new Owner(attachment.id().containerId(), attachment.id().interfaceInPod()));
    }

    /** What the journal does not know: made by another plugin, or removed before. */
    private void deleteUnknown(CniRequest request, Optional<PluginConfig> config, Optional<Identity> identity) throws IOException, IpamFailed {
        if (identity.isPresent() && kit.attachments().ownerOf(identity.get().hostInterface()).isEmpty()) {
            ResourceKey key = identity.get().key();
            var unused = kit.spool().addAnyhow(new Write.DeleteEndpoint(key, request.containerId()));
        }
        removeInside(request, kit.attachments()::hasMac);
        if (config.isPresent()) {
            kit.ipam().release(config.get().name(), new Owner(request.containerId(), request.interfaceInPod()));
        }
        kit.journal().remove(new Id(request.containerId(), request.interfaceInPod()));
    }

    /** @param anothers whether the interface of this MAC is that of an attachment which stays */
    private static void removeInside(CniRequest request, Predicate<Mac> anothers) {
        NetworkNamespace pod = new NetworkNamespace(Path.of(request.netns()));
        try {
            if (!request.netns().isEmpty() && pod.exists() && !PodWiring.isOwn(pod.path())) {
                PodWiring.removeInside(pod, request.interfaceInPod(), anothers);
            }
        } catch (IOException failure) {
            log.info("{} cannot be looked into, and goes with what is in it: {}", pod, failure.getMessage());
        }
    }

    private Optional<Identity> identity(CniRequest request, Optional<PluginConfig> config) {
        try {
            return config.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Identity.of(request, config.get(), config.get().nodename().orElseGet(kit.node()::nodename)));
        } catch (CniRefused noName) {
            return Optional.empty();
        }
    }
}
