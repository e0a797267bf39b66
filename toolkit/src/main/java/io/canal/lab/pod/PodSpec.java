package io.canal.lab.pod;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What somebody wants of a pod.
 *
 * @param ports what its containers say they listen on
 * @param hostPorts what the host forwards to it
 */
public record PodSpec(String namespace, String name, Map<String, String> labels, List<NamedPort> ports, List<HostPort> hostPorts) {

    public PodSpec {
        labels = Map.copyOf(new TreeMap<>(labels));
        ports = List.copyOf(ports);
        hostPorts = List.copyOf(hostPorts);
        Names.label(namespace, "Namespace");
        Names.subdomain(name, "Pod name");
    }

    public static PodSpec named(String name) {
        return new PodSpec("default", name, Map.of(), List.of(), List.of());
    }

    /** A port that has a name. */
    public record NamedPort(String name, int port, Protocol protocol) {

        /** Reads {@code http:8080/TCP}; the protocol may be left out. */
        public static NamedPort parse(String text) {
            String[] parts = text.split(":", -1);
            if (parts.length != 2) {
                throw Names.wrong("--port", text, "NAME:PORT/PROTOCOL, such as http:8080/TCP");
            }
            Target target = Target.parse("--port", text, parts[1]);
            return new NamedPort(Names.label(parts[0], "Port name"), target.port(), target.protocol());
        }
    }

    /** A port of the host that leads to one of the pod. */
    public record HostPort(int hostPort, int port, Protocol protocol) {

        /** Reads {@code 8080:80/TCP}; the protocol may be left out. */
        public static HostPort parse(String text) {
            String[] parts = text.split(":", -1);
            if (parts.length != 2) {
                throw Names.wrong("--host-port", text, "HOSTPORT:PORT/PROTOCOL, such as 8080:80/TCP");
            }
            Target target = Target.parse("--host-port", text, parts[1]);
            return new HostPort(Names.port(parts[0], "--host-port", text), target.port(), target.protocol());
        }
    }

    /** What travels over a port. */
    public enum Protocol {
        TCP,
        UDP,
        SCTP
    }

    private record Target(int port, Protocol protocol) {

        static Target parse(String option, String whole, String text) {
            int slash = text.indexOf('/');
            String protocol = slash < 0 ? "TCP" : text.substring(slash + 1);
            for (Protocol known : Protocol.values()) {
                if (known.name().equalsIgnoreCase(protocol)) {
                    return new Target(Names.port(slash < 0 ? text : text.substring(0, slash), option, whole), known);
                }
            }
            throw Names.wrong(option, whole, "TCP, UDP or SCTP after the slash");
        }
    }
}
