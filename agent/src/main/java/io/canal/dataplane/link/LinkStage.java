package io.canal.dataplane.link;

import io.canal.dataplane.event.Hears;
import io.canal.dataplane.sysctl.SavedSysctls;
import io.canal.kernel.ethtool.Ethtool;
import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlBatch;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.kernel.netlink.Vxlan;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.model.Mac;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.network.LocalNetwork;
import io.canal.network.Tunnel;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.StageFailed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the node's tunnels as the network asks for them.
 *
 * <p>A device that is there and fits is kept, and its MAC becomes ours the first time that we see it; from then on the MAC is kept
 * as it is, on the device and on disk. What hangs on a tunnel is looked at anew when it was made again or was down: see
 * {@link Tunnels#incarnation}.
 */
public final class LinkStage implements Hears {

    private static final Logger log = LoggerFactory.getLogger(LinkStage.class);
    private static final Repair.Kind REPAIRS = new Repair.Kind("link", "properties of tunnels");

    private final Rtnl rtnl;
    private final KnownTunnels known;
    private final SavedSysctls saved;
    private final Supplier<Optional<LocalNetwork>> local;
    private final RandomGenerator random;
    private final Clock clock;
    private final Tunnels tunnels = new Tunnels();

    private List<Tunnel> settled = List.of();
    private final List<Repair> repairs = new ArrayList<>();
    /** The tunnels that we took away and that are not made again yet, with what is then to be told. */
    private final Map<String, Repair> removed = new HashMap<>();
    private boolean mixed;
    private boolean settledMixed;
    private boolean suspect = true;
    private boolean perhapsGone;
    private boolean removalsPending;
    private Optional<Remade> remade = Optional.empty();
    /** Addresses of the tunnels that are others'. */
    private final List<Problem> strangers = new ArrayList<>();
    private volatile List<Problem> problems = List.of();
    /** Read by the listener's thread. */
    private volatile Set<String> names = Set.of();

    /**
     * @param saved controls of the tunnels are remembered in it
     * @param random for the MAC of a first tunnel
     */
    public LinkStage(Rtnl rtnl, NodePaths paths, SavedSysctls saved, Supplier<Optional<LocalNetwork>> local, RandomGenerator random, Clock clock)
            throws IOException {
        this.clock = clock;
        this.rtnl = rtnl;
        this.saved = saved;
        this.local = local;
        this.random = random;
        known = KnownTunnels.load(paths.stateDir(), Sysctl.read("kernel/random/boot_id").orElse(""));
    }

    /** Whether there are tunnels that are ours, as far as is remembered. */
    public boolean knowsTunnels() {
        return !known.names().isEmpty();
    }

    /** The last tunnel that was made again since the last call; on the loop's thread. */
    public Optional<Remade> takeRemade() {
        Optional<Remade> last = remade;
        remade = Optional.empty();
        return last;
    }

    /** What others have done to the tunnels that is not ours to undo; from any thread. */
    public List<Problem> problems() {
        return problems;
    }

    /** What became of the tunnels. */
    public Tunnels tunnels() {
        return tunnels;
    }

    @Override
    public String name() {
        return "link";
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        Optional<LocalNetwork> now = local.get();
        if (now.isEmpty()) {
            return;
        }
        List<Tunnel> wanted = Tunnel.of(now.get());
        try {
            suspect |= perhapsGone && isOneGone();
            perhapsGone = false;
        } catch (KernelException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
        mixed = now.get().mixed();
        if (!suspect && wanted.equals(settled) && mixed == settledMixed && !(removalsPending && pass.mayRemove())) {
            return;
        }
        names = Set.copyOf(wanted.stream().map(Tunnel::name).toList());
        removed.keySet().retainAll(names);
        List<String> failures = new ArrayList<>();
        Map<Family, TunnelState> states = new EnumMap<>(Family.class);
        strangers.clear();
        for (Tunnel tunnel : wanted) {
            try {
                TunnelState state = keep(tunnel, pass.mayRemove());
                states.put(tunnel.family(), state);
                if (state instanceof TunnelState.Refused refused) {
                    failures.add(refused.sentence());
                }
            } catch (IOException failure) {
                failures.add(failure.getMessage());
            }
        }
        problems = List.copyOf(strangers);
        missingSources(now.get(), failures);
        tunnels.publish(states);
        removalsPending = !pass.mayRemove();
        if (pass.mayRemove()) {
            // What a family had is removed only when what it is to have is there.
            removeOthers(family -> wanted.stream().noneMatch(tunnel -> tunnel.family() == family) || states.get(family) instanceof TunnelState.Ready, failures);
        }
        if (!failures.isEmpty()) {
            throw new StageFailed(String.join("; ", failures));
        }
        settled = wanted;
        settledMixed = mixed;
        suspect = false;
    }

    @Override
    public void distrust() {
        suspect = true;
    }

    @Override
    public List<Repair> takeRepairs() {
        List<Repair> taken = List.copyOf(repairs);
        repairs.clear();
        return taken;
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return switch (event) {
            case RtnlEvent.LinkChanged changed -> names.contains(changed.link().name()) || tunnels.family(changed.link().index()).isPresent();
            case RtnlEvent.AddressChanged changed -> tunnels.family(changed.address().link()).isPresent();
            case RtnlEvent.RouteChanged changed -> false;
            case RtnlEvent.NeighbourChanged changed -> false;
            // A device that is deleted loses its forwarding entries first: seen in time, they are not put into what is no more.
            case RtnlEvent.FdbChanged changed -> changed.gone() && tunnels.family(changed.entry().link()).isPresent();
        };
    }

    @Override
    public void heard(RtnlEvent event) {
        switch (event) {
            case RtnlEvent.LinkChanged(Link link, boolean gone, int sender) -> {
                Optional<TunnelState.Ready> believed = tunnels.states().values().stream().filter(TunnelState.Ready.class::isInstance)
                        .map(TunnelState.Ready.class::cast).filter(ready -> ready.index() == link.index()).findFirst();
                if (believed.isEmpty()) {
                    // One of our names on another device: perhaps we can have the tunnel now, or it was taken.
                    suspect = true;
                } else if (gone || !link.up()) {
                    suspect = true;
                    tunnels.bounced();
                } else if (!believed.get().equals(ready(link))) {
                    suspect = true;
                }
            }
            case RtnlEvent.AddressChanged changed -> suspect = true;
            case RtnlEvent.RouteChanged changed -> {}
            case RtnlEvent.NeighbourChanged changed -> {}
            case RtnlEvent.FdbChanged changed -> perhapsGone = true;
        }
    }

    @Override
    public void removeAll() throws StageFailed {
        names = Set.of();
        tunnels.publish(Map.of());
        List<String> failures = new ArrayList<>();
        removeOthers(_ -> true, failures);
        if (!failures.isEmpty()) {
            throw new StageFailed(String.join("; ", failures));
        }
    }

    private boolean isOneGone() throws KernelException {
        for (TunnelState state : tunnels.states().values()) {
            if (state instanceof TunnelState.Ready ready && rtnl.link(ready.index()).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private TunnelState keep(Tunnel wanted, boolean mayRemove) throws IOException {
        Optional<Link> found = rtnl.link(wanted.name());
        boolean wasSo = settled.contains(wanted);
        if (found.isPresent()) {
            switch (Verdict.on(found.get(), wanted)) {
                case Verdict.Refuse(String sentence) -> {
                    return new TunnelState.Refused(wanted.name(), sentence);
                }
                case Verdict.Replace(String because) -> {
                    log.info("{} is made again: {}", wanted.name(), because);
                    adopt(found.get());
                    remade = Optional.of(new Remade(wanted.name(), because, clock.nanos()));
                    rtnl.execute("remove " + wanted.name(), Link.delete(found.get().index()));
                    found = Optional.empty();
                    removed.put(wanted.name(), new Repair(REPAIRS, wanted.name(), Repair.Was.CHANGED, because));
                }
                case Verdict.Keep() -> adopt(found.get());
            }
        }
        Link link = found.isPresent() ? found.get() : create(wanted);
        Repair told = removed.remove(wanted.name());
        repaired(wasSo && found.isEmpty(), told == null ? Repair.removed(REPAIRS, wanted.name()) : told);
        // What was made just now is as it was asked for, but not up and without an address.
        boolean disturbed = wasSo && found.isPresent();
        if (link.mtu() != wanted.mtu()) {
            rtnl.execute("set the MTU of " + wanted.name() + " to " + wanted.mtu(), Link.setMtu(link.index(), wanted.mtu()));
            repaired(disturbed, Repair.changed(REPAIRS, "the MTU of " + wanted.name(), link.mtu(), wanted.mtu()));
        }
        Mac mac = known.mac(wanted.family(), wanted.name()).orElseThrow();
        if (!link.mac().equals(Optional.of(mac))) {
            rtnl.execute("set the MAC of " + wanted.name(), Link.setMac(link.index(), mac));
            repaired(true, Repair.changed(REPAIRS, "the MAC of " + wanted.name(), link.mac().map(Mac::toString).orElse("none"), mac));
        }
        keepAddresses(link, wanted, mayRemove, disturbed);
        keepPathFilter(wanted.name(), mayRemove);
        if (Ethtool.txChecksum(wanted.name()) != wanted.txChecksum()) {
            Ethtool.setTxChecksum(wanted.name(), wanted.txChecksum());
            log.info("the checksum offload of {} is {}", wanted.name(), wanted.txChecksum() ? "on" : "off");
            repaired(disturbed, Repair.changed(REPAIRS, "the checksum offload of " + wanted.name(), wanted.txChecksum() ? "off" : "on", wanted.txChecksum() ? "on" : "off"));
        }
        if (!link.up()) {
            Sysctl.set("net/ipv6/conf/" + wanted.name() + "/accept_ra", "0");
            rtnl.execute("set " + wanted.name() + " up", Link.setUp(link.index()));
            repaired(disturbed, Repair.changed(REPAIRS, wanted.name(), "down", "up"));
            tunnels.bounced();
        }
        return new TunnelState.Ready(wanted.name(), link.index(), mac, wanted.mtu());
    }

    private void repaired(boolean byOthers, Repair repair) {
        if (byOthers) {
            repairs.add(repair);
        }
    }

    /** While peers are reached in two forms, what comes out of the tunnel may be answered past it: see the sysctl stage. */
    private void keepPathFilter(String name, boolean mayRemove) throws IOException {
        String control = "net/ipv4/conf/" + name + "/rp_filter";
        if (mixed) {
            saved.set(control, "2");
        } else if (mayRemove) {
            saved.putBack(control);
        }
    }

    /**
     * A device that we find keeps its MAC, which becomes the one that we keep: a flanneld may have made it since the boot. One that was ours in
     * this boot gets ours back: peers know that, and what was done to it while no agent ran may have made it another node's.
     */
    private void adopt(Link link) throws IOException {
        if (!known.isOfThisBoot(link.name()) && link.mac().isPresent()) {
            known.put(link.name(), link.mac().get());
        }
    }

    private Link create(Tunnel wanted) throws IOException {
        Mac mac = known.mac(wanted.family(), wanted.name()).orElseGet(() -> Mac.random(random));
        known.put(wanted.name(), mac);
        Vxlan vxlan = new Vxlan(wanted.vni(), wanted.parent(), Optional.of(wanted.local()), Optional.empty(), wanted.port(), wanted.learning(), false,
                wanted.groupPolicy(), false);
        try {
            rtnl.execute("make " + wanted.name(), vxlan.create(wanted.name(), mac, wanted.mtu()));
        } catch (KernelException refused) {
            Optional<String> owner = refused.errno() == Errno.EEXIST ? ownerOf(wanted) : Optional.empty();
            if (owner.isPresent()) {
                throw new IOException("VNI " + wanted.vni() + " on port " + wanted.port() + " is in use by device " + owner.get()
                        + "; remove it, or choose another VNI or port", refused);
            }
            throw refused;
        }
        saved.renew(wanted.name());
        log.info("made {} with MAC {}", wanted.name(), mac);
        return rtnl.link(wanted.name()).orElseThrow(() -> new KernelException("look up " + wanted.name() + ", just made", Errno.ENODEV));
    }

    /** The device that already has the network identifier and port. */
    private Optional<String> ownerOf(Tunnel wanted) throws KernelException {
        return rtnl.links().stream()
                .filter(link -> link.vxlan().filter(vxlan -> vxlan.id() == wanted.vni() && vxlan.port() == wanted.port()).isPresent())
                .map(Link::name).findFirst();
    }

    /** Of the addresses that are hosts of their own only the base of our subnet stays; others are the administrator's. */
    private void keepAddresses(Link link, Tunnel wanted, boolean mayRemove, boolean disturbed) throws IOException {
        RtnlBatch batch = new RtnlBatch();
        List<Address> present = rtnl.addresses(link.index());
        // First the new one: with its last address a link loses its routes.
        wanted.address().filter(address -> present.stream().noneMatch(there -> there.address().equals(address))).ifPresent(address ->
                batch.set(Address.of(link.index(), address).replace(), () -> "add address " + address + " to " + wanted.name(),
                        () -> repaired(disturbed, Repair.removed(REPAIRS, "address " + address + " of " + wanted.name()))));
        for (Address address : present) {
            boolean other = wanted.address().filter(right -> !right.equals(address.address())).isPresent();
            if (other && mayRemove && isOurs(address, wanted.family())) {
                batch.remove(address.delete(), () -> "remove address " + address.address() + " of " + wanted.name(),
                        () -> repaired(disturbed, Repair.added(REPAIRS, "address " + address.address() + " of " + wanted.name())));
            } else if (other && isStranger(address, wanted.family())) {
                strangers.add(new Problem(wanted.name(), "address", address.address().toString(), "none but " + wanted.address().orElseThrow()
                        + ": this host's packets to pods elsewhere may come from it, and it is not canal's to remove"));
            }
        }
        Map<String, Refusal> refused = batch.apply(rtnl);
        if (!refused.isEmpty()) {
            throw new IOException(RtnlBatch.sentence(refused));
        }
    }

    private static boolean isOurs(Address address, Family family) {
        Ip ip = address.address().address();
        return ip.family() == family && address.address().length() == family.bits() && !isLinkLocal(ip);
    }

    private static boolean isStranger(Address address, Family family) {
        return address.address().address().family() == family && !isOurs(address, family) && !isLinkLocal(address.address().address());
    }

    private static boolean isLinkLocal(Ip ip) {
        return ip.isV6() && ip.high() >>> 54 == 0xfe80 >>> 6;
    }

    /** Tunnels that we had and that the network no longer names. */
    private void removeOthers(Predicate<Family> whole, List<String> failures) {
        for (String name : known.names()) {
            if (names.contains(name) || !whole.test(Tunnel.family(name))) {
                continue;
            }
            try {
                Optional<Link> link = rtnl.link(name);
                if (link.isPresent() && link.get().vxlan().isPresent()) {
                    successor(name).ifPresent(next -> remade = Optional.of(new Remade(next, "it takes the place of " + name, clock.nanos())));
                    rtnl.execute("remove " + name, Link.delete(link.get().index()));
                    log.info("removed {}", name);
                }
                known.remove(name);
            } catch (IOException failure) {
                failures.add(failure.getMessage());
            }
        }
    }

    /** The tunnel of the same family that the network names now; another identifier gives another name. */
    private Optional<String> successor(String name) {
        return names.stream().filter(next -> next.startsWith(name.substring(0, name.indexOf('.') + 1))).findFirst();
    }

    private static void missingSources(LocalNetwork local, List<String> failures) {
        for (Family family : Family.values()) {
            if (local.vxlan().isPresent() && local.config().range(family).isPresent() && local.uplink().address(family).isEmpty()) {
                failures.add("interface " + local.uplink().name() + " has no " + (family == Family.V4 ? "IPv4" : "IPv6")
                        + " address, which the network's tunnels of that family send from");
            }
        }
    }

    private static TunnelState.Ready ready(Link link) {
        return new TunnelState.Ready(link.name(), link.index(), link.mac().orElse(new Mac(0)), link.mtu());
    }
}
