package io.canal.policy.rules;

import io.canal.model.Cidr;
import java.util.Optional;

/**
 * A port of host endpoints that no policy closes.
 *
 * @param protocol the IP protocol's number
 * @param net the peers that it is open for, all where empty
 */
public record Failsafe(int protocol, Optional<Cidr> net, int port) {

    public static Failsafe tcp(int port) {
        return new Failsafe(6, Optional.empty(), port);
    }

    public static Failsafe udp(int port) {
        return new Failsafe(17, Optional.empty(), port);
    }
}
