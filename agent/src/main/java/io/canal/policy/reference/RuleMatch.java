package io.canal.policy.reference;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.calico.PolicyPort;
import io.canal.policy.ScopedEnd;
import io.canal.policy.ScopedRule;
import io.canal.policy.selector.Selector;
import java.util.List;

/** Whether a rule matches a packet. */
final class RuleMatch {

    private final Population population;

    RuleMatch(Population population) {
        this.population = population;
    }

    boolean matches(ScopedRule rule, Flow flow) {
        return (rule.family().isEmpty() || rule.family().get() == flow.source().family())
                && (rule.protocol().isEmpty() || rule.protocol().get().number() == flow.protocol())
                && (rule.notProtocol().isEmpty() || rule.notProtocol().get().number() != flow.protocol())
                && (rule.icmp().isEmpty() || flow.isIcmp() && rule.icmp().get().matches(flow.icmpType(), flow.icmpCode()))
                && (rule.notIcmp().isEmpty() || flow.isIcmp() && !rule.notIcmp().get().matches(flow.icmpType(), flow.icmpCode()))
                && matches(rule.source(), flow, flow.source(), flow.sourcePort())
                && matches(rule.destination(), flow, flow.destination(), flow.destinationPort());
    }

    private boolean matches(ScopedEnd end, Flow flow, Ip address, int port) {
        return end.service().isNone()
                && (end.nets().isEmpty() || holds(end.nets(), address))
                && (end.notNets().isEmpty() || ofFamily(end.notNets(), address) && !holds(end.notNets(), address))
                && (end.selector().isEmpty() || population.selects(end.selector().get(), address))
                && (end.notSelector().isEmpty() || !population.selects(end.notSelector().get(), address))
                && (end.ports().isEmpty() || hasPort(end.ports(), end, flow, address, port))
                && (end.notPorts().isEmpty() || !hasPort(end.notPorts(), end, flow, address, port));
    }

    private boolean hasPort(List<PolicyPort> ports, ScopedEnd end, Flow flow, Ip address, int port) {
        return ports.stream().anyMatch(wanted -> switch (wanted) {
            case PolicyPort.Numbers numbers -> numbers.contains(port);
            case PolicyPort.Named(String name) -> population.names(end.selector().orElse(Selector.ALL), address, flow.protocol(), port, name);
        });
    }

    private static boolean holds(List<Cidr> nets, Ip address) {
        return nets.stream().anyMatch(net -> net.contains(address));
    }

    /** A list of nets, also one of what is not wanted, puts the rule out of force for a family that has none in it. */
    private static boolean ofFamily(List<Cidr> nets, Ip address) {
        return nets.stream().anyMatch(net -> net.family() == address.family());
    }
}
