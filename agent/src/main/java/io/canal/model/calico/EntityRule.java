package io.canal.model.calico;

import io.canal.model.IpPrefix;
import java.util.List;

/**
 * One side of a rule: what the source, or the destination, of a packet must be. All that is given must hold; the members of a list
 * are alternatives.
 *
 * @param nets blocks of addresses; host bits are as they were written
 * @param selector selects endpoints and network sets; empty where all will do
 * @param notSelector what it selects is excluded; empty for nothing
 * @param namespaceSelector selects the namespaces in which {@code selector} looks; empty for the policy's own
 * @param services name and namespace of a Kubernetes service, of which etcd knows nothing
 */
public record EntityRule(
        List<IpPrefix> nets,
        List<IpPrefix> notNets,
        String selector,
        String notSelector,
        String namespaceSelector,
        List<PolicyPort> ports,
        List<PolicyPort> notPorts,
        ServiceAccounts serviceAccounts,
        Service services) {

    /** Any source or destination. */
    public static final EntityRule ANY = new EntityRule(List.of(), List.of(), "", "", "", List.of(), List.of(), ServiceAccounts.ANY, Service.NONE);

    /**
     * Service accounts by name or by label; both must hold where both are given.
     *
     * @param selector over the accounts' labels; empty where all will do
     */
    public record ServiceAccounts(List<String> names, String selector) {

        public static final ServiceAccounts ANY = new ServiceAccounts(List.of(), "");

        public ServiceAccounts {
            names = List.copyOf(names);
        }

        public boolean isAny() {
            return names.isEmpty() && selector.isEmpty();
        }
    }

    /**
     * A Kubernetes service.
     *
     * @param name empty where no service is asked for
     */
    public record Service(String name, String namespace) {

        public static final Service NONE = new Service("", "");

        public boolean isNone() {
            return name.isEmpty();
        }
    }

    /** Whether it asks for nothing. */
    public boolean isAny() {
        return nets.isEmpty() && notNets.isEmpty() && selector.isEmpty() && notSelector.isEmpty() && namespaceSelector.isEmpty() && ports.isEmpty()
                && notPorts.isEmpty() && serviceAccounts.isAny() && services.isNone();
    }

    public EntityRule {
        nets = List.copyOf(nets);
        notNets = List.copyOf(notNets);
        ports = List.copyOf(ports);
        notPorts = List.copyOf(notPorts);
    }
}
