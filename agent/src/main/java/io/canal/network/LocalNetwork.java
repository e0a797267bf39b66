package io.canal.network;

import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.util.Optional;

/**
 * What this node knows of itself and of the network.
 *
 * @param subnet our own; empty while we have none
 * @param mtuOption what the operator wants as the pods' MTU; 0 for the highest that fits
 */
public record LocalNetwork(NetworkConfig config, Optional<SubnetKey> subnet, Uplink uplink, int mtuOption) {}
