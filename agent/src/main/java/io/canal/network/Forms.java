package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decides the form of each peer; the peer's own lease decides, not our config. */
final class Forms {

    private final LocalNetwork local;

    Forms(LocalNetwork local) {
        this.local = local;
    }

    /** One form for each family of the subnet that our network has too. */
    List<Form> of(SubnetKey key, LeaseValue lease) {
        List<Form> forms = new ArrayList<>(2);
        for (Family family : Family.values()) {
            Optional<Cidr> subnet = key.cidr(family);
            if (subnet.isPresent() && local.config().range(family).isPresent()) {
                forms.add(of(key, lease, subnet.get()));
            }
        }
        return forms;
    }

    private Form of(SubnetKey key, LeaseValue lease, Cidr subnet) {
        Family family = subnet.family();
        String addressField = family == Family.V4 ? "PublicIP" : "PublicIPv6";
        Optional<Ip> remote = lease.publicAddress(family);
        if (remote.isEmpty()) {
            return unreachable(key, addressField, "", "the node's underlay address, as the subnet has this family");
        }
        Ip address = remote.get();
        if (local.uplink().has(address)) {
            return unreachable(key, addressField, address.toString(), "the address of another node, not our own");
        }
        if (subnet.contains(address)) {
            return unreachable(key, addressField, address.toString(), "an address outside of the subnet itself, or its packets would go in circles");
        }
        for (IpPrefix own : local.uplink().addresses()) {
            if (subnet.contains(own.address())) {
                return unreachable(key, "", subnet.toString(), "a subnet without our own address " + own.address());
            }
        }
        return switch (lease.backendType()) {
            case LeaseValue.VXLAN -> vxlan(key, lease, subnet, address);
            case LeaseValue.HOST_GW -> gateway(key, subnet, address, addressField);
            default -> unreachable(key, "BackendType", lease.backendType(), "vxlan or host-gw; canal does not speak others");
        };
    }

    private Form vxlan(SubnetKey key, LeaseValue lease, Cidr subnet, Ip remote) {
        if (local.config().backend().directRouting() && local.uplink().reaches(remote)) {
            return new Form.Gateway(subnet, remote);
        }
        Optional<Vtep> vtep = lease.vtep(subnet.family());
        if (vtep.isEmpty()) {
            return unreachable(key, subnet.isV4() ? "BackendData" : "BackendV6Data", "", "the MAC of the node's tunnel, as the subnet has this family");
        }
        if (local.vxlan().isEmpty()) {
            return unreachable(key, "BackendType", lease.backendType(), local.config().backend().type() + ", as the network config says");
        }
        return new Form.Through(subnet, vtep.get().mac(), remote);
    }

    private Form gateway(SubnetKey key, Cidr subnet, Ip remote, String field) {
        return local.uplink().reaches(remote)
                ? new Form.Gateway(subnet, remote)
                : unreachable(key, field, remote.toString(), "an address directly behind " + local.uplink().name() + ", as host-gw does not go through routers");
    }

    private static Form unreachable(SubnetKey key, String field, String found, String expected) {
        return new Form.Unreachable(new Problem(where(key), field, found, expected));
    }

    /** How a peer's lease is named in problems. */
    static String where(SubnetKey key) {
        return "lease " + key;
    }
}
