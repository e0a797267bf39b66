package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.control.Finding;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.Vtep;
import io.canal.network.Tunnel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The overlay's devices, one a family, against what the network asks for; none is asked for where nothing is encapsulated. Pure. */
final class DeviceExamination {

    private static final Cidr LINK_LOCAL = Cidr.of("fe80::/10");

    private final Observation seen;
    private final Truth truth;
    private final List<Finding> problems = new ArrayList<>();

    private DeviceExamination(Observation seen, Truth truth) {
        this.seen = seen;
        this.truth = truth;
    }

    /**
     * With what etcd asks for.
     *
     * @param lease this node's own, as it stands in etcd; empty where it has none
     */
    static List<Finding> of(Observation seen, Truth truth, List<Tunnel> tunnels, Optional<LeaseValue> lease) {
        DeviceExamination examination = new DeviceExamination(seen, truth);
        for (Tunnel tunnel : tunnels) {
            Optional<Device> device = seen.devices().stream().filter(one -> one.name().equals(tunnel.name())).findFirst();
            if (device.isEmpty()) {
                examination.missing(tunnel.name(), truth.subnets().stream().filter(subnet -> subnet.family() == tunnel.family()).toList());
            } else {
                examination.form(device.get(), tunnel);
                examination.addresses(device.get());
                examination.mac(device.get(), lease);
                examination.source(device.get(), lease);
                examination.up(device.get());
            }
        }
        return examination.problems;
    }

    /** With what is known without etcd: there is a device, and it has the address of the subnet. */
    static List<Finding> withoutEtcd(Observation seen, Truth truth) {
        DeviceExamination examination = new DeviceExamination(seen, truth);
        // A network that encapsulates nothing has none: its routes lead to other nodes directly.
        boolean direct = seen.routes().stream().anyMatch(route -> route.ours() && !route.isBlackhole() && !route.device().startsWith("flannel"));
        if (seen.devices().isEmpty() && !direct) {
            examination.missing("flannel.1", truth.subnets());
        }
        for (Device device : seen.devices()) {
            examination.addresses(device);
            examination.up(device);
        }
        return examination.problems;
    }

    /** The addresses that were given to the device: all but the one that the kernel makes for each link. */
    static List<IpPrefix> own(Device device) {
        return device.addresses().stream().filter(address -> !LINK_LOCAL.contains(address.address())).toList();
    }

    private void missing(String name, List<Cidr> subnets) {
        problems.add(new Finding("The device " + name + " is missing.", name, subnets.isEmpty() ? "a device" : Words.of(subnets), "nothing", repair()));
    }

    private void form(Device device, Tunnel tunnel) {
        if (!device.kind().equals("vxlan")) {
            problems.add(new Finding("The device " + device.name() + " is not canal's.", device.name(), "a vxlan device",
                    device.kind().isEmpty() ? "a device of another kind" : device.kind(), "Remove or rename it; the agent then makes its own"));
            return;
        }
        differs(device, "VNI", tunnel.vni(), device.vni());
        differs(device, "UDP port", tunnel.port(), device.port());
        differs(device, "MTU", tunnel.mtu(), device.mtu());
    }

    private void differs(Device device, String what, int expected, int found) {
        if (expected != found) {
            problems.add(new Finding("The " + what + " of " + device.name() + " is not that of the network.", device.name(), Integer.toString(expected),
                    Integer.toString(found), repair()));
        }
    }

    private void addresses(Device device) {
        List<Cidr> subnets = truth.subnets().stream().filter(subnet -> subnet.family() == device.family()).toList();
        if (subnets.isEmpty()) {
            return;
        }
        List<IpPrefix> global = own(device).stream().filter(address -> !isStranger(address, subnets)).toList();
        own(device).stream().filter(address -> isStranger(address, subnets)).forEach(address -> stranger(device, address, subnets));
        boolean right = subnets.stream().allMatch(subnet -> global.stream().anyMatch(address -> address.address().equals(subnet.base())))
                && global.stream().allMatch(address -> subnets.stream().anyMatch(subnet -> address.address().equals(subnet.base())));
        if (!right) {
            List<IpPrefix> expected = subnets.stream().map(subnet -> IpPrefix.host(subnet.base())).toList();
            problems.add(new Finding("The address of " + device.name() + " is not that of the subnet by " + truth.source() + ".",
                    device.name(), Words.of(expected), Words.of(global), repair()));
        }
    }

    /** One with a network about it, which the agent leaves: it is somebody's own. */
    private static boolean isStranger(IpPrefix address, List<Cidr> subnets) {
        return address.length() != address.address().family().bits() && subnets.stream().noneMatch(subnet -> address.address().equals(subnet.base()));
    }

    private void stranger(Device device, IpPrefix address, List<Cidr> subnets) {
        problems.add(new Finding("The device " + device.name() + " has an address that is not canal's: this host's packets to pods elsewhere may come from it, and "
                + address.cidr() + " is routed into the tunnel.", device.name(), Words.of(subnets.stream().map(subnet -> IpPrefix.host(subnet.base())).toList()),
                address.toString(), "Remove it: ip address del " + address + " dev " + device.name()));
    }

    /** Peers send frames to the MAC in the lease; the device drops those for another one. */
    private void mac(Device device, Optional<LeaseValue> lease) {
        Optional<Mac> leased = lease.flatMap(value -> value.vtep(device.family())).map(Vtep::mac);
        if (leased.isPresent() && device.mac().isPresent() && !leased.equals(device.mac())) {
            problems.add(new Finding("The MAC of " + device.name() + " is not the one in this node's lease.", device.name(),
                    leased.get().toString(), device.mac().get().toString(), repair()));
        }
    }

    /** Peers drop what does not come from the address in the lease. One that this node does not have is translated on the way. */
    private void source(Device device, Optional<LeaseValue> lease) {
        Optional<Ip> leased = lease.flatMap(value -> value.publicAddress(device.family())).filter(seen.addresses()::contains);
        if (leased.isPresent() && device.local().isPresent() && !leased.equals(device.local())) {
            problems.add(new Finding("The device " + device.name() + " sends from another address than the one in this node's lease.", device.name(),
                    leased.get().toString(), device.local().get().toString(), repair()));
        }
    }

    private void up(Device device) {
        if (!device.up()) {
            problems.add(new Finding("The device " + device.name() + " is down.", device.name(), "up", "down", repair()));
        }
    }

    private String repair() {
        return Remedy.byTheAgent(seen);
    }
}
