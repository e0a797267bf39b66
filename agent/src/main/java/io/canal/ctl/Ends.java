package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Pod;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Finds the ends of a connection among the pods and nodes of the cluster. */
final class Ends {

    private final List<Pod> pods;
    private final Map<Ip, String> nodes = new HashMap<>();

    /**
     * One end: a pod, a node, or an address that is neither's.
     *
     * @param node where it is, for pods and nodes
     */
    record End(Optional<Pod> pod, Optional<String> node, Ip address) {

        boolean isNode() {
            return pod.isEmpty() && node.isPresent();
        }

        String title() {
            return pod.map(Pod::title).orElseGet(() -> node.map(name -> "the node " + name + " (" + address + ")").orElseGet(address::toString));
        }
    }

    /** @param resources the nodes among them are looked at */
    Ends(List<Pod> pods, List<Resource> resources) {
        this.pods = pods;
        for (Resource resource : resources) {
            if (resource.key().kind() == Kind.NODE) {
                JsonNode spec = resource.spec();
                Stream.concat(spec.path("addresses").valueStream().map(each -> each.path("address").asText()),
                                Stream.of("ipv4Address", "ipv6Address").map(field -> spec.path("bgp").path(field).asText()))
                        .forEach(text -> IpPrefix.parse(text).map(IpPrefix::address).or(() -> Ip.parse(text))
                                .ifPresent(address -> nodes.putIfAbsent(address, resource.key().name())));
            }
        }
    }

    /** An address of a node, of the family of the other end. */
    Optional<Ip> addressOf(String node, boolean v4) {
        return nodes.entrySet().stream().filter(each -> each.getValue().equals(node) && each.getKey().isV4() == v4).map(Map.Entry::getKey).sorted().findFirst();
    }

    /**
     * A pod by its namespace and name, or whose an address is.
     *
     * @param v4 the family that the other end asks for, where it does
     */
    End find(String word, Optional<Boolean> v4) throws Refused {
        Optional<Ip> address = Ip.parse(word);
        return address.isPresent() ? holder(address.get()) : named(word, v4);
    }

    private End holder(Ip address) throws Refused {
        List<Pod> holders = pods.stream().filter(pod -> pod.labelled().holds(address)).toList();
        if (titles(holders).size() > 1) {
            throw new Refused("several pods have the address " + address + " in etcd: " + String.join(", ", titles(holders))
                    + "; name the one that is meant, as NAMESPACE/NAME");
        }
        return holders.isEmpty() ? new End(Optional.empty(), Optional.ofNullable(nodes.get(address)), address)
                : new End(Optional.of(holders.getFirst()), Optional.of(holders.getFirst().node()), address);
    }

    private End named(String word, Optional<Boolean> v4) throws Refused {
        List<Pod> found = pods.stream().filter(pod -> pod.title().equals(word) || pod.name().equals(word) && !word.contains("/")).toList();
        if (found.isEmpty()) {
            throw new Refused("there is no pod " + word + "; expected NAMESPACE/NAME, or an address");
        }
        if (titles(found).size() > 1) {
            throw new Refused("several pods are called " + word + ": " + String.join(", ", titles(found)));
        }
        Pod pod = found.getFirst();
        return pod.labelled().nets().stream()
                .map(net -> net.base())
                .filter(ip -> v4.isEmpty() || ip.isV4() == v4.get())
                .findFirst()
                .map(ip -> new End(Optional.of(pod), Optional.of(pod.node()), ip))
                .orElseThrow(() -> new Refused(pod.title() + " has no address of the other's family"));
    }

    private static Set<String> titles(List<Pod> pods) {
        Set<String> titles = new TreeSet<>();
        pods.forEach(pod -> titles.add(pod.title()));
        return titles;
    }
}
