package io.canal.files;

import io.canal.model.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All that the node's files are made from. Both files come from one such object, so they cannot disagree.
 *
 * @param subnetEnv network, subnet and MTU
 * @param nodename the node's name in Calico and Kubernetes
 * @param endpoints of etcd
 * @param tls empty where etcd is reached without TLS
 * @param kubeconfig path of the kubeconfig, or empty
 */
public record FileFacts(SubnetEnv subnetEnv, String nodename, List<String> endpoints, Optional<Conflist.Tls> tls, String kubeconfig) {

    public FileFacts {
        endpoints = List.copyOf(endpoints);
    }

    /** The conflist, for plugins that speak these versions. */
    public Conflist conflist(CniVersions versions) {
        List<Cidr> subnets = new ArrayList<>();
        subnetEnv.v4().ifPresent(net -> subnets.add(net.subnet().cidr()));
        subnetEnv.v6().ifPresent(net -> subnets.add(net.subnet().cidr()));
        return new Conflist(versions, nodename, subnetEnv.mtu(), endpoints, tls, "info", subnets, kubeconfig);
    }
}
