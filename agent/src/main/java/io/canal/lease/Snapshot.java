package io.canal.lease;

import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.Problem;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All that decisions about subnets are made from, read anew for each. The epoch is read before the listings: a transaction that
 * compares it fails if any canal node changed an ownership since.
 *
 * @param config the network config, or what is wrong with it; empty where there is none
 * @param epochRevision the revision of the epoch's last write; 0 where there is none yet
 * @param epoch its number
 */
public record Snapshot(
        Optional<Decoded<NetworkConfig>> config,
        Map<SubnetKey, Row<LeaseValue>> leases,
        Map<SubnetKey, Row<HolderRecord>> holders,
        Map<String, Row<SessionRecord>> sessions,
        long epochRevision,
        long epoch) {

    /** What is wrong with the config. */
    Optional<Problem> configProblem() {
        return config.flatMap(decoded -> decoded instanceof Decoded.Bad<NetworkConfig>(Problem problem) ? Optional.of(problem) : Optional.empty());
    }

    Optional<NetworkConfig> goodConfig() {
        return config.flatMap(decoded -> decoded instanceof Decoded.Good<NetworkConfig>(NetworkConfig good) ? Optional.of(good) : Optional.empty());
    }

    /** Whether the node's session is alive. */
    boolean alive(String node) {
        return sessions.containsKey(node);
    }

    /** Whether there is a holder record that does not even say whose it is. */
    boolean isUnreadable(SubnetKey subnet) {
        Row<HolderRecord> row = holders.get(subnet);
        return row != null && row.value().isEmpty();
    }

    /** The other subnets, of leases or holders, that overlap this one. */
    Set<SubnetKey> others(SubnetKey subnet) {
        return Stream.concat(leases.keySet().stream(), holders.keySet().stream())
                .filter(other -> !other.equals(subnet) && other.overlaps(subnet))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The subnets whose holder is {@code node}. */
    Stream<SubnetKey> heldBy(String node) {
        return holders.entrySet().stream()
                .filter(entry -> entry.getValue().value().filter(holder -> holder.node().equals(node)).isPresent())
                .map(Map.Entry::getKey);
    }

    /** The subnets that leases or holders of others than {@code node} take. */
    Stream<SubnetKey> heldByOthers(String node) {
        return holders.entrySet().stream()
                .filter(entry -> entry.getValue().value().filter(holder -> holder.node().equals(node)).isEmpty())
                .map(Map.Entry::getKey);
    }
}
