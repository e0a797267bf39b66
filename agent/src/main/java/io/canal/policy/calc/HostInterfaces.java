package io.canal.policy.calc;

import io.canal.model.Ip;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.HostEndpoint;
import io.canal.policy.EndpointId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which host endpoint is on which interface of this node: the one that names it, or that names no interface and has one of its
 * addresses; of several, the first by name.
 */
final class HostInterfaces {

    private String node;
    private final SortedMap<String, HostEndpoint> endpoints = new TreeMap<>();
    private Map<String, Set<Ip>> interfaces = Map.of();
    private Map<String, List<EndpointId.Host>> places = Map.of();

    HostInterfaces(String node) {
        this.node = node;
    }

    boolean isHere(HostEndpoint endpoint) {
        return endpoint.node().equals(node);
    }

    /** Gives the names of those that are elsewhere now. */
    Set<String> put(HostEndpoint endpoint) {
        HostEndpoint before = endpoints.put(endpoint.name(), endpoint);
        return endpoint.equals(before) || !isHere(endpoint) && (before == null || !isHere(before)) ? Set.of() : place();
    }

    Set<String> remove(String name) {
        HostEndpoint before = endpoints.remove(name);
        return before == null || !isHere(before) ? Set.of() : place();
    }

    void node(String name) {
        node = name;
        place();
    }

    Set<String> interfaces(Map<String, Set<Ip>> now) {
        interfaces = Map.copyOf(now);
        return place();
    }

    List<EndpointId.Host> places(String name) {
        return places.getOrDefault(name, List.of());
    }

    private Set<String> place() {
        Map<String, String> byInterface = new HashMap<>();
        for (HostEndpoint endpoint : endpoints.values()) {
            if (!isHere(endpoint)) {
                continue;
            }
            if (!endpoint.interfaceName().isEmpty()) {
                if (endpoint.isForAllInterfaces() || EndpointNames.isInterface(endpoint.interfaceName())) {
                    byInterface.putIfAbsent(endpoint.interfaceName(), endpoint.name());
                }
            } else {
                interfaces.forEach((name, addresses) -> {
                    if (EndpointNames.isInterface(name) && !Collections.disjoint(addresses, endpoint.expectedIps())) {
                        byInterface.putIfAbsent(name, endpoint.name());
                    }
                });
            }
        }
        Map<String, List<EndpointId.Host>> now = new HashMap<>();
        new TreeMap<>(byInterface).forEach((iface, name) -> now.computeIfAbsent(name, _ -> new ArrayList<>()).add(new EndpointId.Host(iface)));
        Set<String> moved = new HashSet<>();
        moved.addAll(now.keySet());
        moved.addAll(places.keySet());
        Map<String, List<EndpointId.Host>> before = places;
        moved.removeIf(name -> now.getOrDefault(name, List.of()).equals(before.getOrDefault(name, List.of())));
        places = now;
        return moved;
    }
}
