package io.canal.config;

import io.canal.model.Cidr;
import java.util.Optional;

/**
 * A port that no policy can close: of this node, or of others.
 *
 * @param protocol {@code tcp} or {@code udp}
 * @param net whom it is open for, or at whom; all where empty
 */
public record FailsafePort(String protocol, Optional<Cidr> net, int port) {

    /** As Felix's parameter writes it: {@code tcp:22} or {@code udp:10.0.0.0/8:68}. */
    @Override
    public String toString() {
        return protocol + ":" + net.map(cidr -> cidr + ":").orElse("") + port;
    }
}
