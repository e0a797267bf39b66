package io.canal.policy;

/** Which endpoint of this node, by the interface that carries it. */
public sealed interface EndpointId {

    /** The interface's name on the host. */
    String interfaceName();

    record Workload(String interfaceName) implements EndpointId {}

    /** @param interfaceName {@link #ALL} for the endpoint of all interfaces */
    record Host(String interfaceName) implements EndpointId {

        public static final String ALL = "*";

        public boolean isAll() {
            return interfaceName.equals(ALL);
        }
    }
}
