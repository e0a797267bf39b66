package io.canal.agent;

import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.files.Conflist;
import io.canal.files.FileFacts;
import io.canal.files.SubnetEnv;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetRange;
import io.canal.network.LocalNetwork;
import io.canal.network.Mtu;
import io.canal.network.Uplink;
import java.util.Optional;

/**
 * What is known of this node and of the network, all of one moment.
 *
 * @param network as in etcd, or as it was last known
 * @param uplink empty while none can be chosen
 * @param nodename the node's name in Calico and Kubernetes
 * @param tls the paths that the conflist names
 * @param kubeconfig the path that the conflist names; empty while there is no such file
 */
record LocalFacts(
        AgentConfig config,
        Optional<NetworkConfig> network,
        OwnSubnet own,
        Optional<Uplink> uplink,
        String nodename,
        Optional<Conflist.Tls> tls,
        String kubeconfig) {

    LocalFacts withConfig(AgentConfig other, String otherNodename) {
        return new LocalFacts(other, network, own, uplink, otherNodename, tls, kubeconfig);
    }

    LocalFacts withNetwork(NetworkConfig other) {
        return new LocalFacts(config, Optional.of(other), own, uplink, nodename, tls, kubeconfig);
    }

    LocalFacts withOwn(OwnSubnet other) {
        return new LocalFacts(config, network, other, uplink, nodename, tls, kubeconfig);
    }

    LocalFacts withUplink(Optional<Uplink> other) {
        return new LocalFacts(config, network, own, other, nodename, tls, kubeconfig);
    }

    LocalFacts withFiles(Optional<Conflist.Tls> otherTls, String otherKubeconfig) {
        return new LocalFacts(config, network, own, uplink, nodename, otherTls, otherKubeconfig);
    }

    EtcdConfig etcd() {
        return config.etcd();
    }

    /** What the network's calculator works from; empty while the network or the uplink is not known. */
    Optional<LocalNetwork> localNetwork() {
        return network.flatMap(known -> uplink.map(link -> new LocalNetwork(known, own.subnet(), link, config.mtu()).withTxChecksum(txChecksum())));
    }

    private boolean txChecksum() {
        return switch (config.txChecksum()) {
            case AUTO -> !HostFacts.KERNEL_BREAKS_CHECKSUMS;
            case ON -> true;
            case OFF -> false;
        };
    }

    /** The pods' MTU; 0 while it is not known. */
    int mtu() {
        return localNetwork().map(local -> Mtu.of(local).pods()).orElse(0);
    }

    /** What the node's files are made from; empty while there is no subnet. */
    Optional<FileFacts> files() {
        return localNetwork().filter(local -> local.subnet().isPresent()).map(local -> new FileFacts(
                new SubnetEnv(net(local, Family.V4), net(local, Family.V6), Mtu.of(local).pods(), true),
                nodename, etcd().endpoints(), tls, kubeconfig));
    }

    private static Optional<SubnetEnv.Net> net(LocalNetwork local, Family family) {
        Optional<Cidr> subnet = local.subnet().flatMap(key -> key.cidr(family));
        Optional<Cidr> network = local.config().range(family).map(SubnetRange::network);
        // A subnet of a network that was replaced since: what it lies in is all that can be said truly.
        return subnet.map(own -> SubnetEnv.Net.of(network.orElse(own), own));
    }

    /** The subnet with the host bits of subnet.env, such as {@code 10.1.49.1/24}; empty while there is none. */
    String subnetText() {
        return files().flatMap(facts -> facts.subnetEnv().v4().or(facts.subnetEnv()::v6)).map(net -> net.subnet().toString()).orElse("");
    }
}
