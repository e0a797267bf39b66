package io.canal.cni;

import io.canal.cni.Attachment.Id;
import io.canal.ipam.IpamFailed;
import io.canal.ipam.Owner;
import io.canal.ipam.RangeSet;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Cidr;
import io.canal.model.DiskReason;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import io.canal.model.calico.Profile;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.CniResult;
import io.canal.model.cni.Dns;
import io.canal.model.cni.IpamConfig;
import io.canal.model.cni.PluginConfig;
import io.canal.reconcile.Applied;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ADD: address, journal, wire, rules, lease once more, journal, result.
 *
 * <p>What fails on the way is undone. After a crash the journal says {@code adding}: the interface stays closed until DEL, or until
 * ADD is called again, which begins anew with the address that the pod had.
 */
final class Adder {

    private static final Logger log = LoggerFactory.getLogger(Adder.class);
    /** The plugin gives up after 8 s; we do before, so that nothing is left of an ADD whose answer nobody hears. */
    private static final Duration BUDGET = Duration.ofSeconds(6);
    /** Of that, for the store of addresses, in which others may be at work. */
    private static final Duration ADDRESSES = Duration.ofSeconds(3);

    private final Kit kit;
    private final Deleter deleter;
    private final SecureRandom random = new SecureRandom();

    Adder(Kit kit, Deleter deleter) {
        this.kit = kit;
        this.deleter = deleter;
    }

    CniResult add(CniRequest request, PluginConfig config) throws CniRefused {
        long start = kit.clock().nanos();
        kit.node().awaitStart();
        Node.Attachable.Yes lease = switch (kit.node().attachable()) {
            case Node.Attachable.Yes yes -> yes;
            case Node.Attachable.No(String reason) -> throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "no pod can be attached now", reason));
        };
        List<RangeSet> ranges = Ranges.of(config, lease.subnets());
        Dns dns = config.ipam().isPresent() ? ResolvConf.read(config.ipam().get().resolvConf()) : Dns.NONE;
        Identity identity = Identity.of(request, config, config.nodename().orElseGet(kit.node()::nodename));
        Optional<Ip> wanted = wanted(request);
        NetworkNamespace pod = namespace(request);
        Id id = new Id(request.containerId(), request.interfaceInPod());
        try (var _ = kit.locks().take(id.toString(), identity.hostInterface())) {
            Optional<Journal.Entry> before = kit.attachments().get(id);
            if (before.isPresent() && before.get().up() && isSound(before.get().attachment(), request, config, lease)) {
                log.info("{} is attached already", id);
                return result(before.get().attachment(), config, dns);
            }
            if (before.isPresent()) {
                deleter.takeDown(before.get().attachment());
            }
            return result(attach(request, config, place(identity, id), pod, lease, ranges, wanted, start), config, dns);
        }
    }

    /** Has the endpoint of an attachment, and its network's profile, written to etcd. */
    void publish(Attachment attachment) throws IOException {
        if (attachment.profile()) {
            kit.spool().add(new Write.Ensure(Profile.ofNetwork(attachment.network())));
        }
        kit.spool().add(new Write.PutEndpoint(attachment.endpoint().resource()));
    }

    private Attachment attach(CniRequest request, PluginConfig config, Identity identity, NetworkNamespace pod, Node.Attachable.Yes lease,
            List<RangeSet> ranges, Optional<Ip> wanted, long start) throws CniRefused {
        Id id = new Id(request.containerId(), request.interfaceInPod());
        Owner owner = new Owner(id.containerId(), id.interfaceInPod());
        List<Ip> addresses;
        try {
            List<Ip> requested = new ArrayList<>(config.requestedAddresses());
            wanted.ifPresent(requested::add);
            inTime(id, start);
            addresses = allocate(config.name(), owner, ranges, requested, start);
        } catch (IpamFailed failure) {
            throw new CniRefused(CniError.TRY_AGAIN_LATER, String.valueOf(failure.getMessage()));
        }
        kit.steps().reached(Step.ADDRESS_TAKEN);
        Attachment attachment = attachment(request, config, identity, addresses);
        try {
            inTime(id, start);
            noted(id, () -> {
                kit.journal().adding(attachment);
                return true;
            });
            Optional<Attachment> before = kit.attachments().ownerOf(attachment.hostInterface()).filter(other -> !other.id().equals(id));
            kit.attachments().put(new Journal.Entry(attachment, false));
            kit.steps().reached(Step.ADDING_NOTED);
            if (before.isPresent()) {
                kit.links().remove(attachment.hostInterface());
            }
            // The rules are made while the wire is laid; without it they concern nobody.
            long rules = kit.rows().put(attachment.row());
            if (!kit.links().lay(pod, plan(attachment, config), kit.steps(), left(start))) {
                throw new CniRefused(CniError.TRY_AGAIN_LATER, id + " cannot be attached: the wires of other pods took more than " + BUDGET.toSeconds() + " s");
            }
            kit.steps().reached(Step.WIRED);
            inTime(id, start);
            awaitRules(attachment, rules, start);
            kit.steps().reached(Step.RULES_IN_PLACE);
            checkLease(lease);
            if (!noted(id, () -> kit.journal().up(id))) {
                throw new CniRefused(CniError.TRY_AGAIN_LATER, id + " was deleted while it was added");
            }
            kit.attachments().put(new Journal.Entry(attachment, true));
            kit.steps().reached(Step.UP_NOTED);
            noted(id, () -> {
                publish(attachment);
                return true;
            });
            return attachment;
        } catch (CniRefused refusal) {
            deleter.undo(attachment);
            throw refusal;
        } catch (PodWiring.NoNamespace wrong) {
            deleter.undo(attachment);
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, String.valueOf(wrong.getMessage()));
        } catch (PodWiring.Refused refusal) {
            deleter.undo(attachment);
            throw new CniRefused(CniError.INTERNAL, String.valueOf(refusal.getMessage()));
        } catch (IOException failure) {
            deleter.undo(attachment);
            throw new CniRefused(new CniError(CniError.INTERNAL, id + " cannot be attached", String.valueOf(failure.getMessage())));
        } catch (RuntimeException defect) {
            deleter.undo(attachment);
            throw defect;
        }
    }

    private interface Note {
        boolean write() throws IOException;
    }

    /** What the node's disk does not take now it may take soon. */
    private static boolean noted(Id id, Note note) throws CniRefused {
        try {
            return note.write();
        } catch (IOException failure) {
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, id + " cannot be attached: this node's disk does not take the note of it", DiskReason.of(failure)));
        }
    }

    /** Where there is no address left, those that leaked are given back first. */
    private List<Ip> allocate(String network, Owner owner, List<RangeSet> ranges, List<Ip> requested, long start) throws IpamFailed {
        try {
            return kit.ipam().allocate(network, owner, ranges, requested, ADDRESSES);
        } catch (IpamFailed full) {
            if (!full.isFull()) {
                throw full;
            }
            try {
                if (kit.leaks().reclaim(network).isEmpty()) {
                    throw full;
                }
            } catch (IOException unknown) {
                log.warn("{}", unknown.getMessage());
                throw full;
            }
            return kit.ipam().allocate(network, owner, ranges, requested, shorter(ADDRESSES, left(start)));
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private Duration left(long start) {
        Duration left = BUDGET.minus(kit.clock().since(start));
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** What comes too late is undone while the plugin still listens. */
    private void inTime(Id id, long start) throws CniRefused {
        if (left(start).isZero()) {
            throw new CniRefused(CniError.TRY_AGAIN_LATER, id + " could not be attached within " + BUDGET.toSeconds() + " s");
        }
    }

    private void awaitRules(Attachment attachment, long revision, long start) throws CniRefused {
        Applied applied = kit.rows().await(revision, left(start)).orElseThrow(() -> new CniRefused(
                CniError.TRY_AGAIN_LATER, "the rules of " + attachment.hostInterface() + " were not in place within " + BUDGET.toSeconds() + " s"));
        Optional<String> reason = kit.node().unprotected(applied);
        if (reason.isPresent()) {
            throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "the rules of " + attachment.hostInterface() + " are not in place", reason.get()));
        }
    }

    private void checkLease(Node.Attachable.Yes before) throws CniRefused {
        switch (kit.node().attachable()) {
            case Node.Attachable.Yes now when now.generation() == before.generation() -> {}
            case Node.Attachable.Yes now -> throw new CniRefused(CniError.TRY_AGAIN_LATER,
                    "this node's lease changed from " + before.subnets() + " to " + now.subnets() + " while the pod was attached");
            case Node.Attachable.No(String reason) -> throw new CniRefused(new CniError(CniError.TRY_AGAIN_LATER, "this node lost its lease while the pod was attached", reason));
        }
    }

    /** Who gets which interface on the host: a pod's next sandbox takes it over, anybody else's is left alone. */
    private Identity place(Identity identity, Id id) throws CniRefused {
        Optional<Attachment> owner = kit.attachments().ownerOf(identity.hostInterface()).filter(other -> !other.id().equals(id));
        if (owner.isEmpty()) {
            return identity;
        }
        if (owner.get().id().containerId().equals(id.containerId())) {
            return identity.withFurtherInterface(id.interfaceInPod());
        }
        if (identity.workload().isEmpty()) {
            throw new CniRefused(CniError.INTERNAL, "interface " + identity.hostInterface() + ", which is named by the first characters of the container's id, belongs to "
                    + owner.get().id());
        }
        log.info("{} takes {} over from {}", id, identity.hostInterface(), owner.get().id());
        return identity;
    }

    private Attachment attachment(CniRequest request, PluginConfig config, Identity identity, List<Ip> addresses) {
        var endpoint = WorkloadEndpoint.make(identity.endpointName(), new WorkloadEndpoint.Parts(config.nodename().orElseGet(kit.node()::nodename),
                identity.orchestrator(), identity.namespace(), identity.workload(), request.containerId(), request.interfaceInPod(),
                identity.serviceAccount(), addresses, identity.profiles(), identity.hostInterface(), mac(request, config), config.labels(), config.ports()));
        return new Attachment(new Id(request.containerId(), request.interfaceInPod()), config.name(), request.netns(),
                config.mtu() > 0 ? config.mtu() : kit.node().mtu(), identity.isOfNetwork(config.name()), kit.boot(), kit.attachments().nextSequence(), endpoint);
    }

    private Mac mac(CniRequest request, PluginConfig config) {
        return request.mac().or(config::requestedMac).orElseGet(() -> Mac.random(random));
    }

    /** Whether a repeated ADD has nothing to do. */
    private boolean isSound(Attachment attachment, CniRequest request, PluginConfig config, Node.Attachable.Yes lease) {
        try {
            return attachment.netns().equals(request.netns()) && attachment.network().equals(config.name()) && kit.attachments().owns(attachment)
                    && attachment.addresses().stream().allMatch(address -> lease.subnets().stream().anyMatch((Cidr subnet) -> subnet.contains(address)))
                    && kit.links().missing(new NetworkNamespace(Path.of(attachment.netns())), plan(attachment, config)).isEmpty();
        } catch (IOException failure) {
            log.info("{} is attached, but cannot be looked at: {}", attachment.id(), failure.toString());
            return false;
        }
    }

    static PodWiring.Plan plan(Attachment attachment, PluginConfig config) {
        List<IpPrefix> routes = new ArrayList<>();
        config.ipam().ifPresent(ipam -> ipam.routes().stream().map(IpamConfig.Route::destination).forEach(routes::add));
        if (config.includeDefaultRoutes() && !routes.isEmpty()) {
            routes.add(IpPrefix.of("0.0.0.0/0"));
            routes.add(IpPrefix.of("::/0"));
        }
        return new PodWiring.Plan(attachment.hostInterface(), attachment.id().interfaceInPod(), attachment.mac(), attachment.mtu(), attachment.addresses(),
                routes, config.allowIpForwarding());
    }

    private static CniResult result(Attachment attachment, PluginConfig config, Dns dns) {
        return new CniResult(attachment.hostInterface(), attachment.id().interfaceInPod(), attachment.mac(), attachment.netns(), attachment.mtu(),
                attachment.addresses(), config.ipam().map(IpamConfig::routes).orElse(List.of()), dns);
    }

    private static NetworkNamespace namespace(CniRequest request) throws CniRefused {
        Path path = Path.of(request.netns());
        if (!Files.exists(path)) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "CNI_NETNS is \"" + request.netns() + "\", expected the path of a network namespace that exists");
        }
        try {
            if (PodWiring.isOwn(path)) {
                throw new CniRefused(CniError.WRONG_NAMESPACE, "plugin's netns and netns from CNI_NETNS should not be the same");
            }
        } catch (IOException failure) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "CNI_NETNS \"" + request.netns() + "\" cannot be looked at: " + failure.getMessage());
        }
        return new NetworkNamespace(path);
    }

    /** The address that the runtime asks for, if any. */
    private static Optional<Ip> wanted(CniRequest request) throws CniRefused {
        String text = request.args().getOrDefault("IP", "");
        Optional<Ip> address = Ip.parse(text).or(() -> IpPrefix.parse(text).map(IpPrefix::address));
        if (address.isEmpty() && !text.isEmpty()) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "CNI_ARGS: IP is \"" + text + "\", expected an address");
        }
        return address;
    }
}
