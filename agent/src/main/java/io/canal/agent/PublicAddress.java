package io.canal.agent;

import io.canal.model.Ip;
import io.canal.network.Uplink;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The IPv4 address that peers are to send to: the one that our packets come from, unless the configuration names one that a
 * translation on the way gives us.
 *
 * <p>Juju's address of the uplink is in the configuration too, and it goes stale where the uplink gets another one and no hook has
 * run since. An address that the uplink has had, or that would be in one of its networks, is therefore no translated one.
 */
final class PublicAddress {

    private final Set<Ip> had = new HashSet<>();

    /** @param configured the key {@code public-ip} of the configuration */
    synchronized Optional<Ip> of(Optional<Ip> configured, Uplink uplink) {
        if (configured.filter(uplink::has).isPresent()) {
            had.add(configured.get());
        }
        return configured.filter(ip -> !uplink.reaches(ip) && !had.contains(ip)).or(uplink::v4);
    }
}
