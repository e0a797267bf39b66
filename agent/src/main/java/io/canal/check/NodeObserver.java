package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Pod;
import io.canal.check.Observation.Text;
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
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** Looks at the node that it runs on: files, the kernel of the calling thread's network namespace, and etcd. */
public final class NodeObserver {

    private static final String OVERLAY = "flannel";
    private static final String POD = "cali";

    private final NodePaths paths;
    private final NetworkKeys keys;

    public NodeObserver(NodePaths paths, NetworkKeys keys) {
        this.paths = paths;
        this.keys = keys;
    }

    /**
     * Looks once.
     *
     * @param store etcd, or why there is none to ask
     * @throws IOException if the node itself cannot be looked at, so that nothing can be said
     */
    public Observation look(String unit, Optional<Store> store, String whyNoStore) throws IOException {
        try (Rtnl rtnl = Rtnl.open()) {
            Map<Integer, Link> links = new HashMap<>();
            rtnl.links().forEach(link -> links.put(link.index(), link));
            List<Route> routes = rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, 0));
            Kernel kernel = new Kernel(rtnl, links, routes);
            return new Observation(
                    paths,
                    unit,
                    store.isPresent() ? etcd(store.get()) : new Etcd.Away(whyNoStore),
                    remembered("node-id").map(String::strip).orElse(""),
                    remembered("lease.json").flatMap(NodeObserver::lastSubnet),
                    kernel.addresses(),
                    text(paths.subnetEnv()),
                    text(paths.conflist()),
                    kernel.device(),
                    kernel.pods(),
                    RuleReader.read(),
                    kernel.peerRoutes(),
                    kernel.neighbours(),
                    kernel.forwarding(),
                    answers(paths.controlSocket()));
        } catch (KernelException failure) {
            throw new IOException("The kernel could not be looked at: " + failure.getMessage(), failure);
        }
    }

    private Etcd etcd(Store store) {
        try {
            List<Problem> malformed = new ArrayList<>();
            Optional<NetworkConfig> config = store.get(keys.config())
                    .flatMap(entry -> good(NetworkConfig.parse(entry.key(), entry.value()), malformed));
            Map<SubnetKey, LeaseValue> leases = entries(store, keys.leases(), LeaseValue::parse, malformed);
            Map<SubnetKey, HolderRecord> holders = entries(store, NetworkKeys.HOLDERS, HolderRecord::parse, malformed);
            return new Etcd.Seen(config, leases, holders, malformed, keys.prefix());
        } catch (StoreException away) {
            return new Etcd.Away(String.valueOf(away.getMessage()));
        }
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
    private Optional<String> remembered(String name) throws IOException {
        return text(paths.stateDir().resolve(name)) instanceof Text.Present(String text) ? Optional.of(text) : Optional.empty();
    }

    private static Optional<SubnetKey> lastSubnet(String lease) {
        return good(Json.object("lease.json", lease).then(object -> SubnetKey.parse("lease.json", object.path("subnet").asText())), new ArrayList<>());
    }

    private static Text text(Path file) throws IOException {
        try {
            return new Text.Present(Files.readString(file));
        } catch (NoSuchFileException absent) {
            return new Text.Absent("there is no file " + file);
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
    private record Kernel(Rtnl rtnl, Map<Integer, Link> links, List<Route> routes) {

        Set<Ip> addresses() throws KernelException {
            Set<Ip> addresses = new HashSet<>();
            for (Address address : rtnl.addresses(0)) {
                addresses.add(address.address().address());
            }
            return addresses;
        }

        Optional<Device> device() throws KernelException {
            for (Link link : links.values()) {
                if (link.name().equals("flannel.1") || link.name().startsWith(OVERLAY + ".")) {
                    List<IpPrefix> addresses = rtnl.addresses(link.index()).stream().map(Address::address).toList();
                    return Optional.of(new Device(link.name(), link.kind(), link.up(), addresses, link.mac(), link.vxlan().map(vxlan -> vxlan.id()).orElse(0),
                            link.vxlan().map(vxlan -> vxlan.port()).orElse(0), link.mtu()));
                }
            }
            return Optional.empty();
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

        /** Those through the overlay, and those through a gateway, which may lead to peers directly. */
        List<Observation.Route> peerRoutes() {
            List<Observation.Route> found = new ArrayList<>();
            for (Route route : routes) {
                boolean ours = name(route.link()).startsWith(OVERLAY) && route.protocol() != Route.PROTO_KERNEL;
                if (route.type() == Route.UNICAST && (ours || route.gateway().isPresent() && route.destination().length() > 0)) {
                    found.add(new Observation.Route(route.destination(), route.gateway(), name(route.link())));
                }
            }
            return found;
        }

        Map<Ip, Mac> neighbours() throws KernelException {
            Map<Ip, Mac> found = new HashMap<>();
            for (Link link : overlays()) {
                for (Ip.Family family : Ip.Family.values()) {
                    for (Neighbour neighbour : rtnl.neighbours(family, link.index())) {
                        neighbour.mac().ifPresent(mac -> found.put(neighbour.address(), mac));
                    }
                }
            }
            return found;
        }

        Map<Mac, Set<Ip>> forwarding() throws KernelException {
            Map<Mac, Set<Ip>> found = new HashMap<>();
            for (Link link : overlays()) {
                for (FdbEntry entry : rtnl.forwarding(link.index())) {
                    entry.destination().ifPresent(end -> found.computeIfAbsent(entry.mac(), mac -> new HashSet<>()).add(end));
                }
            }
            return found;
        }

        private List<Link> overlays() {
            return links.values().stream().filter(link -> link.name().startsWith(OVERLAY)).toList();
        }

        private String name(int index) {
            Link link = links.get(index);
            return link == null ? "" : link.name();
        }
    }
}
