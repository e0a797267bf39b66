package io.canal.controller.charm;

/**
 * An endpoint that a charm declares.
 *
 * @param container whether its scope is {@code container}: only then does it carry a subordinate
 * @param limit how many relations it takes; 0 for any number
 */
public record EndpointSpec(String name, Role role, String interfaceName, boolean container, int limit) {

    /** Which side of a relation an endpoint is. */
    public enum Role {
        PEER,
        PROVIDES,
        REQUIRES
    }

    /** Juju's word for the scope: {@code container} or {@code global}. */
    public String scope() {
        return container ? "container" : "global";
    }
}
