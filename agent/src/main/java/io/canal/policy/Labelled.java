package io.canal.policy;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.model.calico.EndpointPort;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.selector.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Addresses that selectors select by label: an endpoint of a pod, an endpoint of a host, or a network set.
 *
 * @param labels its own
 * @param profiles names of the profiles whose labels it inherits, in order
 * @param nets its addresses
 * @param ports its named ports
 */
public record Labelled(Map<String, String> labels, List<String> profiles, List<Cidr> nets, List<EndpointPort> ports) {

    /** The profile of a namespace is named so and by the namespace. */
    private static final String NAMESPACE_PROFILE = "kns.";

    public Labelled {
        labels = Map.copyOf(labels);
        profiles = List.copyOf(profiles);
        nets = List.copyOf(nets);
        ports = List.copyOf(ports);
    }

    /**
     * A pod. It cannot give itself the labels that only its namespace and its service account give, nor another namespace.
     */
    public static Labelled of(WorkloadEndpoint workload) {
        List<EndpointPort> ports = new ArrayList<>(0);
        for (LocalEndpoint.Port port : workload.ports()) {
            if (!port.name().isEmpty()) {
                PolicyProtocol.parse(port.protocol()).ifPresent(protocol -> ports.add(new EndpointPort(port.name(), protocol, port.port())));
            }
        }
        Map<String, String> written = new HashMap<>();
        workload.resource().eachLabel(written::put);
        return new Labelled(labels(written, workload.resource().key().namespace(), workload.serviceAccount()), workload.profiles(), singles(workload.addresses()), ports);
    }

    /** The labels of a pod of which these are written: see {@link #of(WorkloadEndpoint)}. */
    public static Map<String, String> labels(Map<String, String> written, String namespace, String serviceAccount) {
        Map<String, String> labels = new HashMap<>();
        written.forEach((label, value) -> {
            if (!label.startsWith(Scoping.NAMESPACE_PREFIX) && !label.startsWith(Scoping.SERVICE_ACCOUNT_PREFIX)) {
                labels.put(label, value);
            }
        });
        labels.put(WorkloadEndpoint.NAMESPACE_LABEL, namespace);
        if (!serviceAccount.isEmpty()) {
            labels.put(WorkloadEndpoint.SERVICE_ACCOUNT_LABEL, serviceAccount);
        }
        return Map.copyOf(labels);
    }

    public static Labelled of(HostEndpoint host) {
        return new Labelled(host.labels(), host.profiles(), singles(host.expectedIps()), host.ports());
    }

    /** A network set; one of a namespace has the labels that the namespace gives. */
    public static Labelled of(NetworkSet set) {
        String namespace = set.key().namespace();
        if (namespace.isEmpty()) {
            return new Labelled(set.labels(), List.of(), set.nets(), List.of());
        }
        Map<String, String> labels = new HashMap<>(set.labels());
        labels.put(WorkloadEndpoint.NAMESPACE_LABEL, namespace);
        return new Labelled(labels, List.of(NAMESPACE_PROFILE + namespace), set.nets(), List.of());
    }

    /**
     * What selectors see: its own labels, and behind them those of its profiles, the first of which that has a label gives it.
     *
     * @param profileLabels the labels of a profile by its name, or null where there is no such profile
     */
    public Labels inheriting(Function<String, @Nullable Map<String, String>> profileLabels) {
        return name -> {
            String own = labels.get(name);
            if (own != null) {
                return own;
            }
            for (String profile : profiles) {
                Map<String, String> inherited = profileLabels.apply(profile);
                String value = inherited == null ? null : inherited.get(name);
                if (value != null) {
                    return value;
                }
            }
            return null;
        };
    }

    public boolean holds(Ip address) {
        for (Cidr net : nets) {
            if (net.contains(address)) {
                return true;
            }
        }
        return false;
    }

    /** Each address as a block of its own. */
    public static List<Cidr> singles(List<Ip> addresses) {
        List<Cidr> nets = new ArrayList<>(addresses.size());
        for (Ip address : addresses) {
            nets.add(Cidr.containing(address, address.family().bits()));
        }
        return nets;
    }
}
