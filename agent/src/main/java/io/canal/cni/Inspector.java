package io.canal.cni;

import io.canal.cni.Attachment.Id;
import io.canal.ipam.IpamFailed;
import io.canal.ipam.Owner;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Ip;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.PluginConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** CHECK, STATUS and GC. */
final class Inspector {

    private static final Logger log = LoggerFactory.getLogger(Inspector.class);

    private final Kit kit;
    private final Deleter deleter;

    Inspector(Kit kit, Deleter deleter) {
        this.kit = kit;
        this.deleter = deleter;
    }

    /** Everything that ADD made has to be there still. */
    void check(CniRequest request, PluginConfig config) throws CniRefused {
        Id id = new Id(request.containerId(), request.interfaceInPod());
        if (config.previousResult().isEmpty()) {
            throw new CniRefused(CniError.INVALID_CONFIGURATION, "the network configuration: prevResult is absent, expected what ADD gave");
        }
        try (var _ = kit.locks().take(id.toString())) {
            Optional<Journal.Entry> entry = kit.attachments().get(id);
            if (entry.isEmpty() || !entry.get().up()) {
                throw new CniRefused(CniError.UNKNOWN_CONTAINER, id + (entry.isEmpty() ? " is not attached" : " was never attached in whole"));
            }
            Attachment attachment = entry.get().attachment();
            List<String> missing = new ArrayList<>();
            if (!kit.attachments().owns(attachment)) {
                missing.add("interface " + attachment.hostInterface() + " belongs to a later sandbox of the same pod");
            }
            missing.addAll(notReserved(attachment));
            missing.addAll(notInResult(attachment, config));
            missing.addAll(kit.links().missing(new NetworkNamespace(Path.of(request.netns())), Adder.plan(attachment, config)));
            if (!missing.isEmpty()) {
                throw new CniRefused(CniError.INTERNAL, id + ": " + String.join("; ", missing));
            }
        } catch (IOException failure) {
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, id + " cannot be looked at", String.valueOf(failure.getMessage())));
        }
    }

    private List<String> notReserved(Attachment attachment) throws IOException {
        Id id = attachment.id();
        try {
            List<Ip> reserved = kit.ipam().find(attachment.network(), new Owner(id.containerId(), id.interfaceInPod()));
            return attachment.addresses().stream().filter(address -> !reserved.contains(address)).map(address -> address + " is not reserved for it").toList();
        } catch (IpamFailed failure) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    private static List<String> notInResult(Attachment attachment, PluginConfig config) {
        List<Ip> named = config.previousAddresses();
        return attachment.addresses().stream().filter(address -> !named.contains(address)).map(address -> "prevResult does not name " + address).toList();
    }

    /** Whether an ADD with this configuration would be served. */
    void status(PluginConfig config) throws CniRefused {
        switch (kit.node().attachable()) {
            case Node.Attachable.No(String reason) -> throw new CniRefused(kit.node().isCutOff()
                    ? new CniError(CniError.LIMITED_CONNECTIVITY, "no pod can be attached now, and those that are attached may be cut off", reason)
                    : new CniError(CniError.NOT_AVAILABLE, "no pod can be attached now", reason));
            case Node.Attachable.Yes lease -> {
                try {
                    Ranges.of(config, lease.subnets());
                } catch (CniRefused wrong) {
                    throw new CniRefused(new CniError(CniError.NOT_AVAILABLE, wrong.error().message(), wrong.error().details()));
                }
            }
        }
        Optional<String> unprotected = kit.node().unprotected(kit.rows().last());
        if (unprotected.isPresent()) {
            throw new CniRefused(new CniError(CniError.NOT_AVAILABLE, "the rules that protect pods are not in place", unprotected.get()));
        }
        try {
            kit.ipam().find(config.name(), new Owner("canal-status", "eth0"));
        } catch (IpamFailed failure) {
            throw new CniRefused(CniError.NOT_AVAILABLE, String.valueOf(failure.getMessage()));
        }
    }

    /** Removes what the runtime does not know any more; what still has its interface in a living namespace is only reported. */
    void collect(PluginConfig config) throws CniRefused {
        List<PluginConfig.Attachment> valid = config.validAttachments().orElseThrow(() -> new CniRefused(CniError.INVALID_CONFIGURATION,
                "the network configuration: cni.dev/valid-attachments is absent, expected a list"));
        Set<Id> keep = new HashSet<>();
        valid.forEach(attachment -> keep.add(new Id(attachment.containerId(), attachment.interfaceInPod())));
        List<String> failures = new ArrayList<>();
        for (Journal.Entry entry : kit.attachments().all()) {
            Attachment attachment = entry.attachment();
            if (attachment.network().equals(config.name()) && !keep.contains(attachment.id())) {
                try (var _ = kit.locks().take(attachment.id().toString(), attachment.hostInterface())) {
                    collect(attachment);
                } catch (IOException | IpamFailed failure) {
                    failures.add(attachment.id() + ": " + failure.getMessage());
                }
            }
        }
        try {
            kit.leaks().reclaim(config.name());
        } catch (IOException | IpamFailed failure) {
            failures.add(String.valueOf(failure.getMessage()));
        }
        if (!failures.isEmpty()) {
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "not all could be removed", String.join("; ", failures)));
        }
    }

    private void collect(Attachment attachment) throws IOException, IpamFailed {
        if (attachment.boot().equals(kit.boot())
                && PodWiring.isInside(new NetworkNamespace(Path.of(attachment.netns())), attachment.id().interfaceInPod(), attachment.mac())) {
            log.warn("GC: the runtime does not list {}, but {} still holds its interface; it stays", attachment.id(), attachment.netns());
            return;
        }
        log.info("GC: {} is removed", attachment.id());
        deleter.delete(attachment);
    }
}
