package io.canal.cni;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Link.InetControl;
import io.canal.kernel.netlink.Neighbour;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.kernel.sysctl.SysctlFolder;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pod's wire, as Calico lays it: a veth pair, a /32 in the pod with 169.254.1.1 as its gateway, and a host route.
 *
 * <p>Unlike Calico, the gateway is a permanent neighbour in the pod, and the pod one on the host: nobody has to ask by ARP, and a
 * host without a default route works too.
 */
final class PodWiring {

    /** The MAC of every pod's gateway. */
    static final Mac HOST_MAC = Mac.of("ee:ee:ee:ee:ee:ee");

    static final Ip GATEWAY = Ip.of("169.254.1.1");
    /** The link-local address that the kernel makes of {@link #HOST_MAC}. */
    static final Ip GATEWAY_V6 = Ip.of("fe80::ecee:eeff:feee:eeee");

    private static final Logger log = LoggerFactory.getLogger(PodWiring.class);
    private static final Cidr ALL_V4 = Cidr.of("0.0.0.0/0");
    private static final Cidr ALL_V6 = Cidr.of("::/0");

    /**
     * What shall be wired.
     *
     * @param routes destinations to route through the gateway; all of a family where none of it is named
     */
    record Plan(String hostInterface, String interfaceInPod, Mac mac, int mtu, List<Ip> addresses, List<IpPrefix> routes, boolean forwarding) {

        boolean has(Family family) {
            return addresses.stream().anyMatch(address -> address.family() == family);
        }

        private List<Cidr> routes(Family family) {
            List<Cidr> named = routes.stream().filter(route -> route.address().family() == family).map(IpPrefix::cidr).toList();
            return named.isEmpty() ? List.of(family == Family.V4 ? ALL_V4 : ALL_V6) : named;
        }
    }

    /** The wire could not be laid, for a reason that the runtime can do something about. */
    static final class Refused extends Exception {

        private static final long serialVersionUID = 1;

        Refused(String sentence) {
            super(sentence);
        }
    }

    /** What CNI_NETNS names is there, but is something else. */
    static final class NoNamespace extends IOException {

        private static final long serialVersionUID = 1;

        NoNamespace(Path path) {
            super("CNI_NETNS is \"" + path + "\", expected the path of a network namespace");
        }
    }

    private PodWiring() {}

    /** Whether the path leads to the namespace that we are in ourselves. */
    static boolean isOwn(Path netns) throws IOException {
        Object ours = Files.readAttributes(Path.of("/proc/self/ns/net"), BasicFileAttributes.class).fileKey();
        return ours.equals(Files.readAttributes(netns, BasicFileAttributes.class).fileKey());
    }

    /**
     * Lays the wire; nothing is left where it fails. Best called on a platform thread: see {@link NetworkNamespace#visit}.
     *
     * @param v6 the host's controls of its interfaces for IPv6, where it has that
     */
    static void lay(Rtnl host, Optional<SysctlFolder> v6, NetworkNamespace pod, Plan plan, Step.Listener steps) throws IOException, Refused {
        Link link = createPair(host, pod, plan);
        try {
            steps.reached(Step.PAIR_MADE);
            controlV6(v6, plan);
            pod.visit(() -> {
                wireInside(link.parent(), plan);
                return plan;
            });
            steps.reached(Step.WIRED_INSIDE);
            routeOnHost(host, link.index(), plan);
        } catch (IOException | Refused | RuntimeException failure) {
            remove(host, plan.hostInterface);
            throw failure;
        }
    }

    /** Gives the host's end. */
    private static Link createPair(Rtnl host, NetworkNamespace pod, Plan plan) throws IOException, Refused {
        try {
            return tryPair(host, pod, plan);
        } catch (KernelException failure) {
            if (failure.errno() == Errno.EINVAL && !isNetworkNamespace(pod)) {
                throw new NoNamespace(pod.path());
            }
            if (failure.errno() != Errno.EEXIST) {
                throw failure;
            }
            Optional<Link> old = host.link(plan.hostInterface);
            if (old.isEmpty()) {
                throw hasInterface(pod, plan);
            }
            log.info("{} is left from an earlier pod, and is removed", plan.hostInterface);
            remove(host, plan.hostInterface);
            try {
                return tryPair(host, pod, plan);
            } catch (KernelException again) {
                if (again.errno() == Errno.EEXIST) {
                    throw hasInterface(pod, plan);
                }
                throw again;
            }
        }
    }

    private static boolean isNetworkNamespace(NetworkNamespace pod) {
        try {
            pod.run(() -> { });
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /** Removes the host's end, and with it the pod's, the routes and the neighbours; absence is no error. */
    static void remove(Rtnl host, String hostInterface) throws IOException {
        try {
            host.execute("remove link " + hostInterface, Link.delete(hostInterface));
        } catch (KernelException failure) {
            if (failure.errno() != Errno.ENODEV) {
                throw failure;
            }
        }
    }

    /** Removes the pod's end by its namespace, if both are there, it is a veth, and its MAC is not one that stays. */
    static void removeInside(NetworkNamespace pod, String interfaceInPod, Predicate<Mac> stays) throws IOException {
        pod.run(() -> {
            try (Rtnl inside = Rtnl.open()) {
                Optional<Link> link = inside.link(interfaceInPod);
                if (link.isPresent() && link.get().kind().equals("veth") && link.get().mac().filter(stays).isEmpty()) {
                    inside.execute("remove link " + interfaceInPod, Link.delete(link.get().index()));
                }
            }
        });
    }

    /** What is missing of a wire that was laid, in sentences. */
    static List<String> missing(Rtnl host, NetworkNamespace pod, Plan plan) throws IOException {
        List<String> missing = new ArrayList<>();
        Optional<Link> link = host.link(plan.hostInterface);
        if (link.isEmpty()) {
            missing.add("the host has no interface " + plan.hostInterface);
        } else {
            if (!link.get().up()) {
                missing.add(plan.hostInterface + " is down");
            }
            List<Route> routes = host.routes(new Route.Filter(Route.TABLE_MAIN, 0, link.get().index()));
            for (Ip address : plan.addresses) {
                if (routes.stream().noneMatch(route -> route.destination().equals(IpPrefix.host(address).cidr()))) {
                    missing.add("the host has no route to " + address + " by " + plan.hostInterface);
                }
            }
        }
        if (!pod.exists()) {
            missing.add("the network namespace " + pod + " is gone");
            return missing;
        }
        missing.addAll(pod.call(() -> missingInside(plan)));
        return missing;
    }

    /** Whether the pod's end is there, with the MAC that we gave it. */
    static boolean isInside(NetworkNamespace pod, String interfaceInPod, Mac mac) throws IOException {
        return pod.exists() && pod.call(() -> {
            try (Rtnl inside = Rtnl.openBriefly()) {
                return inside.link(interfaceInPod).flatMap(Link::mac).filter(mac::equals).isPresent();
            }
        });
    }

    private static List<String> missingInside(Plan plan) throws IOException {
        List<String> missing = new ArrayList<>();
        try (Rtnl inside = Rtnl.open()) {
            Optional<Link> link = inside.link(plan.interfaceInPod);
            if (link.isEmpty()) {
                missing.add("the pod has no interface " + plan.interfaceInPod);
                return missing;
            }
            if (link.get().mac().filter(plan.mac::equals).isEmpty()) {
                missing.add(plan.interfaceInPod + " has MAC " + link.get().mac().map(Mac::toString).orElse("none") + ", expected " + plan.mac);
            }
            List<Address> addresses = inside.addresses(link.get().index());
            for (Ip address : plan.addresses) {
                if (addresses.stream().noneMatch(is -> is.address().address().equals(address))) {
                    missing.add(plan.interfaceInPod + " has no address " + address);
                }
            }
            List<Route> routes = inside.routes(new Route.Filter(Route.TABLE_MAIN, 0, link.get().index()));
            for (Family family : Family.values()) {
                for (Cidr wanted : plan.has(family) ? plan.routes(family) : List.<Cidr>of()) {
                    if (routes.stream().noneMatch(route -> route.destination().equals(wanted))) {
                        missing.add("the pod has no route to " + wanted);
                    }
                }
            }
        }
        return missing;
    }

    private static Link tryPair(Rtnl host, NetworkNamespace pod, Plan plan) throws KernelException {
        try (Fd namespace = pod.open()) {
            return host.make("make veth " + plan.hostInterface + " with " + plan.interfaceInPod + " in " + pod,
                    Link.createVeth(plan.hostInterface, HOST_MAC, plan.mtu, plan.interfaceInPod, plan.mac, namespace), plan.hostInterface);
        }
    }

    private static Refused hasInterface(NetworkNamespace pod, Plan plan) {
        return new Refused("the pod's network namespace " + pod + " already has an interface " + plan.interfaceInPod);
    }

    /** Netlink cannot set these. */
    private static void controlV6(Optional<SysctlFolder> host, Plan plan) throws IOException {
        if (plan.has(Family.V6)) {
            SysctlFolder controls = host.orElseThrow(() -> new IOException("this host has no IPv6"));
            controls.write(plan.hostInterface + "/accept_dad", "0");
            controls.write(plan.hostInterface + "/disable_ipv6", "0");
            controls.write(plan.hostInterface + "/proxy_ndp", "1");
            controls.write(plan.hostInterface + "/forwarding", "1");
        }
        try {
            if (host.isPresent()) {
                host.get().write(plan.hostInterface + "/accept_ra", "0");
            }
        } catch (IOException absent) {
            log.debug("{}", absent.getMessage());
        }
    }

    private static void wireInside(int link, Plan plan) throws IOException {
        boolean v6 = plan.has(Family.V6);
        try (Rtnl inside = Rtnl.openBriefly()) {
            if (v6) {
                Sysctl.write("net/ipv6/conf/" + plan.interfaceInPod + "/accept_dad", "0");
                for (String scope : new String[] {"all", "default", "lo"}) {
                    Sysctl.set("net/ipv6/conf/" + scope + "/disable_ipv6", "0");
                }
            }
            List<NetlinkMessage> requests = new ArrayList<>();
            requests.add(Link.setUp(link));
            plan.addresses.forEach(address -> requests.add(Address.of(link, IpPrefix.host(address)).replace()));
            if (plan.has(Family.V4)) {
                requests.add(Neighbour.permanent(link, GATEWAY, HOST_MAC).replace());
                requests.add(Route.onLink(IpPrefix.host(GATEWAY).cidr(), link, Route.PROTO_BOOT).replace());
                plan.routes(Family.V4).forEach(route -> requests.add(Route.via(route, GATEWAY, link, Route.PROTO_BOOT).replace()));
            }
            if (v6) {
                requests.add(Neighbour.permanent(link, GATEWAY_V6, HOST_MAC).replace());
                plan.routes(Family.V6).forEach(route -> requests.add(Route.onlink(route, GATEWAY_V6, link, Route.PROTO_BOOT).replace()));
            }
            List<Sysctl.Opened> forwarding = new ArrayList<>();
            try {
                if (plan.has(Family.V4) && inside.forwards(Family.V4) != plan.forwarding) {
                    forwarding.add(Sysctl.open("net/ipv4/ip_forward"));
                }
                if (v6 && inside.forwards(Family.V6) != plan.forwarding) {
                    forwarding.add(Sysctl.open("net/ipv6/conf/all/forwarding"));
                }
                refuse("wire " + plan.interfaceInPod + " in the pod", inside.apply(requests));
                // At once: the kernel's lock was ours a moment ago, and a write that does not find it free tries again without end.
                for (Sysctl.Opened control : forwarding) {
                    control.write(plan.forwarding ? "1" : "0");
                }
            } finally {
                for (Sysctl.Opened control : forwarding) {
                    control.close();
                }
            }
        }
    }

    /** Sets the host's end up, with its controls first, and routes the addresses to it. */
    private static void routeOnHost(Rtnl host, int link, Plan plan) throws IOException, Refused {
        List<NetlinkMessage> requests = new ArrayList<>();
        // The kernel may not have it, and where the gateway is a permanent neighbour nobody is answered by proxy.
        requests.add(Neighbour.proxyDelay(link, 0));
        if (plan.has(Family.V4)) {
            requests.add(Link.enable(link, InetControl.ROUTE_LOCALNET, InetControl.PROXY_ARP, InetControl.FORWARDING));
        }
        requests.add(Link.setUp(link));
        int before = requests.size();
        for (Ip address : plan.addresses) {
            requests.add(Route.onLink(IpPrefix.host(address).cidr(), link, Route.PROTO_BOOT).create());
            requests.add(Neighbour.permanent(link, address, plan.mac).replace());
        }
        for (Refusal refusal : host.apply(requests)) {
            if (refusal.index() == 0) {
                log.debug("{}", refusal.exception("set proxy_delay of " + plan.hostInterface).getMessage());
                continue;
            }
            if (refusal.index() < before) {
                throw refusal.exception("let " + plan.hostInterface + " forward, and set it up");
            }
            Ip address = plan.addresses.get((refusal.index() - before) / 2);
            if (refusal.errno() != Errno.EEXIST) {
                throw refusal.exception("make route or neighbour " + address + " on " + plan.hostInterface);
            }
            // The agent's own reconciler sees the link as soon as it is up, and may be first.
            Cidr destination = IpPrefix.host(address).cidr();
            if (host.routes(new Route.Filter(Route.TABLE_MAIN, 0, link)).stream().noneMatch(route -> route.destination().equals(destination))) {
                throw new Refused("the host already has a route to " + address + " by another interface than " + plan.hostInterface);
            }
        }
    }

    private static void refuse(String what, List<Refusal> refusals) throws KernelException {
        if (!refusals.isEmpty()) {
            throw refusals.getFirst().exception(what);
        }
    }
}
