package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Pod;
import io.canal.check.Observation.Rules;
import io.canal.check.Observation.Text;
import io.canal.dataplane.filter.RulesWitness;
import io.canal.dataplane.route.RouteStage;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.FdbEntry;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Neighbour;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.network.FarEnd;
import io.canal.network.Uplink;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

/** Looks at the node that it runs on: files, the kernel of the calling thread's network namespace, and etcd. */
public final class NodeObserver {

    private static final String OVERLAY = "flannel.";
    private static final String OVERLAY_V6 = "flannel-v6.";
    private static final String POD = "cali";
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

    /** What the largest file that canal writes for one pod takes, and then some. */
    private static final long LITTLE_SPACE = 64 * 1024;

    private final NodePaths paths;
    private final NetworkKeys keys;

    public NodeObserver(NodePaths paths, NetworkKeys keys) {
        this.paths = paths;
        this.keys = keys;
    }

    /**
     * Looks once.
     *
     * @param command with which the operator has actions run, such as {@code juju}
     * @param mtuOption the operator's MTU of pods, for comparison; 0 where he says nothing
     * @param store etcd, or why there is none to ask
     * @throws IOException if the node itself cannot be looked at, so that nothing can be said
     */
    public Observation look(String unit, String command, int mtuOption, Optional<Store> store, String whyNoStore) throws IOException {
        try (Rtnl rtnl = Rtnl.open()) {
            Map<Integer, Link> links = new HashMap<>();
            rtnl.links().forEach(link -> links.put(link.index(), link));
            List<Route> routes = rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, 0));
            Kernel kernel = new Kernel(rtnl, links, routes, rtnl.addresses(0));
            String nodeId = remembered("node-id").map(String::strip).orElse("");
            Etcd etcd = store.isPresent() ? etcd(store.get(), nodeId) : new Etcd.Away(whyNoStore);
            return new Observation(
                    paths,
                    unit,
                    command,
                    mtuOption,
                    etcd,
                    nodeId,
                    text(BOOT) instanceof Text.Present(String boot) ? boot.strip() : "",
                    remembered("lease.json").flatMap(NodeObserver::lastSubnet),
                    kernel.ownAddresses(),
                    kernel.uplink(leased(etcd)),
                    text(paths.subnetEnv()),
                    text(paths.conflist()),
                    kernel.devices(),
                    kernel.pods(),
                    rules(),
                    kernel.peerRoutes(),
                    kernel.neighbours(),
                    kernel.forwarding(),
                    full(),
                    answers(paths.controlSocket()));
        } catch (KernelException failure) {
            throw new IOException("The kernel could not be looked at: " + failure.getMessage(), failure);
        }
    }

    /** The addresses of all leases; of them at most our own are on this node. */
    private static Set<Ip> leased(Etcd etcd) {
        Set<Ip> leased = new HashSet<>();
        if (etcd instanceof Etcd.Seen seen) {
            seen.leases().values().forEach(lease -> {
                lease.publicAddress(Ip.Family.V4).ifPresent(leased::add);
                lease.publicIpv6().ifPresent(leased::add);
            });
        }
        return leased;
    }

    private static Rules rules() {
        try {
            return RulesWitness.read().<Rules>map(Rules.Seen::new).orElse(new Rules.None());
        } catch (IOException unreadable) {
            return new Rules.Unreadable(String.valueOf(unreadable.getMessage()));
        }
    }

    /** Where a write of canal's, who may use what a file system reserves for root, would fail, or leave half a file behind with a program that is less careful. */
    private List<Path> full() throws IOException {
        List<Path> full = new ArrayList<>();
        for (Path folder : List.of(paths.stateDir(), paths.conflist().resolveSibling(""), paths.subnetEnv().resolveSibling(""))) {
            if (Files.isDirectory(folder) && Files.getFileStore(folder).getUnallocatedSpace() < LITTLE_SPACE) {
                full.add(folder);
            }
        }
        return full;
    }

    private Etcd etcd(Store store, String nodeId) {
        try {
            List<Problem> malformed = new ArrayList<>();
            Optional<NetworkConfig> config = store.get(keys.config())
                    .flatMap(entry -> good(NetworkConfig.parse(entry.key(), entry.value()), malformed));
            Map<SubnetKey, LeaseValue> leases = entries(store, keys.leases(), LeaseValue::parse, malformed);
            Map<SubnetKey, String> damaged = new TreeMap<>();
            Map<SubnetKey, HolderRecord> holders = entries(store, NetworkKeys.HOLDERS, (key, text) -> holder(key, text, damaged), malformed);
            Optional<SessionRecord> session = nodeId.isEmpty() ? Optional.empty() : store.get(NetworkKeys.session(nodeId))
                    .flatMap(entry -> good(SessionRecord.parse(entry.key(), entry.value()), malformed));
            return new Etcd.Seen(config, leases, holders, damaged, session, malformed, keys.prefix());
        } catch (StoreException away) {
            return new Etcd.Away(String.valueOf(away.getMessage()));
        }
    }

    private static Decoded<HolderRecord> holder(String key, String text, Map<SubnetKey, String> damaged) {
        Decoded<HolderRecord> holder = HolderRecord.parse(key, text);
        if (holder instanceof Decoded.Bad && NetworkKeys.subnet(NetworkKeys.HOLDERS, key) instanceof Decoded.Good<SubnetKey>(SubnetKey subnet)) {
            damaged.put(subnet, HolderRecord.salvage(text).map(HolderRecord::node).orElse(""));
        }
        return holder;
    }

    private static <T> Map<SubnetKey, T> entries(Store store, String folder, BiFunction<String, String, Decoded<T>> parse, List<Problem> malformed)
            throws StoreException {
        Map<SubnetKey, T> entries = new TreeMap<>();
        for (Store.Entry entry : store.list(folder).entries()) {
            Optional<SubnetKey> subnet = good(NetworkKeys.subnet(folder, entry.key()), malformed);
            Optional<T> value = good(parse.apply(entry.key(), entry.value()), malformed);
            if (subnet.isPresent() && value.isPresent()) {
                entries.put(subnet.get(), value.get());
            }
        }
        return entries;
    }

    private static <T> Optional<T> good(Decoded<T> decoded, List<Problem> malformed) {
        return switch (decoded) {
            case Decoded.Good<T>(T value) -> Optional.of(value);
            case Decoded.Bad<T>(Problem problem) -> {
                malformed.add(problem);
                yield Optional.empty();
            }
        };
    }

    /** What the agent remembers of the node, as it left it on the disk. */
    private Optional<String> remembered(String name) {
        return text(paths.stateDir().resolve(name)) instanceof Text.Present(String text) ? Optional.of(text) : Optional.empty();
    }

    private static Optional<SubnetKey> lastSubnet(String lease) {
        return good(Json.object("lease.json", lease).then(object -> SubnetKey.parse("lease.json", object.path("subnet").asText())), new ArrayList<>());
    }

    private static Text text(Path file) {
        try {
            // What is not text is malformed, which is a finding.
            return new Text.Present(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (NoSuchFileException absent) {
            return new Text.Absent("there is no file " + file);
        } catch (IOException unreadable) {
            return new Text.Absent(file + " cannot be read: " + unreadable.getMessage());
        }
    }

    /** Whether somebody listens; what he says is not asked. */
    private static boolean answers(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException nobody) {
            return false;
        }
    }

    /** What the route family of netlink tells. */
    private record Kernel(Rtnl rtnl, Map<Integer, Link> links, List<Route> routes, List<Address> addresses) {

        Set<Ip> ownAddresses() {
            Set<Ip> own = new HashSet<>();
            addresses.forEach(address -> own.add(address.address().address()));
            return own;
        }

        private List<IpPrefix> addressesOf(int link) {
            return addresses.stream().filter(address -> address.link() == link).map(Address::address).toList();
        }

        List<Device> devices() {
            List<Device> devices = new ArrayList<>();
            for (Link link : overlays()) {
                devices.add(new Device(link.name(), family(link), link.kind(), link.up(), addressesOf(link.index()), link.mac(),
                        link.vxlan().map(vxlan -> vxlan.id()).orElse(0), link.vxlan().map(vxlan -> vxlan.port()).orElse(0), link.mtu(),
                        link.vxlan().flatMap(vxlan -> vxlan.local())));
            }
            return devices;
        }

        /** The one below the overlay's device; without a device the one with an address that others know us by, else that of the default route. */
        Optional<Uplink> uplink(Set<Ip> leased) {
            Stream<Integer> parents = overlays().stream().flatMap(link -> link.vxlan().stream()).map(vxlan -> vxlan.parent());
            Stream<Integer> known = addresses.stream().filter(address -> leased.contains(address.address().address())).map(Address::link);
            Stream<Integer> defaults = routes.stream()
                    .filter(route -> route.destination().length() == 0 && route.type() == Route.UNICAST)
                    .sorted(Comparator.comparing((Route route) -> route.destination().family()).thenComparing(Route::metric))
                    .map(Route::link);
            return Stream.of(parents, known, defaults).flatMap(Function.identity()).map(links::get).filter(link -> link != null && !isOurs(link.name())).findFirst().map(this::uplink);
        }

        private Uplink uplink(Link link) {
            List<IpPrefix> all = addressesOf(link.index());
            return new Uplink(link.index(), link.name(), link.mtu(), all, source(link, all, Ip.Family.V4), source(link, all, Ip.Family.V6));
        }

        /** What the overlay's device sends from; without one the first address. */
        private Optional<Ip> source(Link uplink, List<IpPrefix> all, Ip.Family family) {
            Stream<Ip> used = overlays().stream().flatMap(link -> link.vxlan().stream()).filter(vxlan -> vxlan.parent() == uplink.index())
                    .flatMap(vxlan -> vxlan.local().stream());
            return Stream.concat(used, all.stream().map(IpPrefix::address)).filter(address -> address.family() == family).findFirst();
        }

        List<Pod> pods() {
            List<Pod> pods = new ArrayList<>();
            for (Route route : routes) {
                String device = name(route.link());
                if (device.startsWith(POD) && route.type() == Route.UNICAST && route.destination().length() == route.destination().family().bits()) {
                    pods.add(new Pod(device, route.destination().base()));
                }
            }
            return pods;
        }

        /** Those of ours, and those through a gateway, which may lead to peers directly. */
        List<Observation.Route> peerRoutes() {
            List<Observation.Route> found = new ArrayList<>();
            for (Route route : routes) {
                boolean tunnelled = isOverlay(name(route.link())) && route.protocol() != Route.PROTO_KERNEL && route.protocol() != Route.PROTO_RA;
                boolean ours = tunnelled || route.protocol() == RouteStage.PROTOCOL && !name(route.link()).startsWith(POD);
                boolean reaches = route.type() == Route.UNICAST && (ours || route.gateway().isPresent() && route.destination().length() > 0);
                if (reaches || route.type() == Route.BLACKHOLE && ours) {
                    found.add(new Observation.Route(route.destination(), route.gateway(), name(route.link()), ours));
                }
            }
            return found;
        }

        Map<Ip, Mac> neighbours() throws KernelException {
            Map<Ip, Mac> found = new HashMap<>();
            for (Link link : overlays()) {
                for (Neighbour neighbour : rtnl.neighbours(family(link), link.index())) {
                    if (neighbour.state() == Neighbour.PERMANENT) {
                        neighbour.mac().ifPresent(mac -> found.put(neighbour.address(), mac));
                    }
                }
            }
            return found;
        }

        Map<FarEnd, Set<Ip>> forwarding() throws KernelException {
            Map<FarEnd, Set<Ip>> found = new HashMap<>();
            for (Link link : overlays()) {
                for (FdbEntry entry : rtnl.forwarding(link.index())) {
                    if ((entry.state() & Neighbour.PERMANENT) != 0) {
                        entry.destination().ifPresent(end -> found.computeIfAbsent(new FarEnd(family(link), entry.mac()), _ -> new HashSet<>()).add(end));
                    }
                }
            }
            return found;
        }

        private List<Link> overlays() {
            return links.values().stream().filter(link -> isOverlay(link.name())).sorted(Comparator.comparing(Link::name)).toList();
        }

        private String name(int index) {
            Link link = links.get(index);
            return link == null ? "" : link.name();
        }

        private static boolean isOverlay(String name) {
            return name.startsWith(OVERLAY) || name.startsWith(OVERLAY_V6);
        }

        private static boolean isOurs(String name) {
            return isOverlay(name) || name.startsWith(POD);
        }

        private static Ip.Family family(Link overlay) {
            return overlay.name().startsWith(OVERLAY_V6) ? Ip.Family.V6 : Ip.Family.V4;
        }
    }
}
