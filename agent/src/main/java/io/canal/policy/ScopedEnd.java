package io.canal.policy;

import io.canal.model.Cidr;
import io.canal.model.calico.EntityRule.Service;
import io.canal.model.calico.PolicyPort;
import io.canal.policy.selector.Selector;
import java.util.List;
import java.util.Optional;

/**
 * One end of a rule with all that says something about endpoints in one selector.
 *
 * @param nets one of these, where there are any
 * @param notNets none of these
 * @param selector selects endpoints and network sets, namespaces and service accounts considered; empty where nothing was asked
 * @param notSelector excludes endpoints and network sets; empty where nothing is, or where {@code selector} says it all
 * @param ports one of these, where there are any
 * @param notPorts none of these
 * @param service a Kubernetes service, which has no members as long as nobody knows any
 */
public record ScopedEnd(
        List<Cidr> nets,
        List<Cidr> notNets,
        Optional<Selector> selector,
        Optional<Selector> notSelector,
        List<PolicyPort> ports,
        List<PolicyPort> notPorts,
        Service service) {

    /** Anybody. */
    public static final ScopedEnd ANY = new ScopedEnd(List.of(), List.of(), Optional.empty(), Optional.empty(), List.of(), List.of(), Service.NONE);

    public ScopedEnd {
        nets = List.copyOf(nets);
        notNets = List.copyOf(notNets);
        ports = List.copyOf(ports);
        notPorts = List.copyOf(notPorts);
    }
}
