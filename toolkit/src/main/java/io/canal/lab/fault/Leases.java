package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.pod.EtcdClient;
import io.canal.model.Cidr;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import java.util.List;

/** The subnet leases in etcd, read past the agents. */
public final class Leases {

    private final EtcdClient etcd;

    public Leases(EtcdClient etcd) {
        this.etcd = etcd;
    }

    /** One lease. */
    public record Lease(String key, Cidr subnet, LeaseValue value) {}

    public List<Lease> all() {
        return etcd.entries(NetworkKeys.DEFAULT.leases()).entrySet().stream().map(entry -> read(entry.getKey(), entry.getValue())).toList();
    }

    public Lease of(Host host) {
        return all().stream().filter(lease -> lease.value().publicIp().toString().equals(host.address())).findFirst()
                .orElseThrow(() -> new LabException("Host " + host + " (" + host.address() + ") has no lease in etcd."));
    }

    /** The lease that names this address. */
    Lease at(String address) {
        return all().stream().filter(lease -> lease.value().publicIp().toString().equals(address)).findFirst()
                .orElseThrow(() -> new LabException("No lease in etcd names " + address + "."));
    }

    /** The lease of some other host. */
    Lease ofAPeerOf(Host host) {
        return all().stream().filter(lease -> !lease.value().publicIp().toString().equals(host.address())).findFirst()
                .orElseThrow(() -> new LabException("Host " + host + " has no peer with a lease in etcd."));
    }

    private static Lease read(String key, String value) {
        SubnetKey subnet = NetworkKeys.subnet(NetworkKeys.DEFAULT.leases(), key).orThrow();
        Cidr v4 = subnet.v4().orElseThrow(() -> new LabException(key + " has no IPv4 subnet."));
        return new Lease(key, v4, LeaseValue.parse(key, value).orThrow());
    }
}
