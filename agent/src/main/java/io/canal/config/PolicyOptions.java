package io.canal.config;

import java.util.List;
import java.util.Optional;

/**
 * What the charm's options say of policy. As Felix's environment variables, which the charm of before set, each that is set counts
 * more than FelixConfiguration in etcd.
 *
 * @param endpointToHost what becomes of a pod's packet to its node that its policy accepts: {@code accept}, {@code drop} or
 *     {@code return}
 * @param failsafeInbound ports of this node that no policy closes; an empty list for none
 * @param failsafeOutbound ports of others that no policy closes
 * @param ignoreLooseRpf whether a reverse path filter in loose mode is taken as good
 * @param logPrefix what the lines of Log rules begin with
 */
public record PolicyOptions(Optional<String> endpointToHost, Optional<List<FailsafePort>> failsafeInbound,
        Optional<List<FailsafePort>> failsafeOutbound, boolean ignoreLooseRpf, Optional<String> logPrefix) {

    /** Nothing is set. */
    public static final PolicyOptions NONE = new PolicyOptions(Optional.empty(), Optional.empty(), Optional.empty(), false, Optional.empty());

    /** Ports as the option writes them: {@code none} for an empty list, nothing where it is not set. */
    public static String text(Optional<List<FailsafePort>> ports) {
        return ports.map(list -> list.isEmpty() ? "none" : String.join(",", list.stream().map(FailsafePort::toString).toList())).orElse("");
    }
}
