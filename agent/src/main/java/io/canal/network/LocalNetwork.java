package io.canal.network;

import io.canal.model.Backend;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.util.Optional;

/**
 * What this node knows of itself and of the network.
 *
 * <p>While the network changes its backend some leases are still of the other form: then there are tunnels although the network is
 * host-gw, or peers behind gateways although it is vxlan.
 *
 * @param subnet our own; empty while we have none
 * @param mtuOption what the operator wants as the pods' MTU; 0 for the highest that fits
 * @param vxlan what our tunnels are like; empty where no lease needs any
 * @param mixed whether peers are reached in both forms, so that a packet may come another way than the answer goes
 * @param txChecksum whether the tunnels leave checksums to the network card
 */
public record LocalNetwork(
        NetworkConfig config, Optional<SubnetKey> subnet, Uplink uplink, int mtuOption, Optional<Backend> vxlan, boolean mixed, boolean txChecksum) {

    /** In a network in which all leases are of the configured form. */
    public LocalNetwork(NetworkConfig config, Optional<SubnetKey> subnet, Uplink uplink, int mtuOption) {
        this(config, subnet, uplink, mtuOption, Optional.of(config.backend()).filter(Backend::isVxlan),
                config.backend().isVxlan() && config.backend().directRouting(), true);
    }

    /** Where some leases are of the other form. */
    public LocalNetwork mixed(Backend tunnels) {
        return new LocalNetwork(config, subnet, uplink, mtuOption, Optional.of(tunnels), true, txChecksum);
    }

    /** With the checksum offload of the tunnels on or off. */
    public LocalNetwork withTxChecksum(boolean on) {
        return new LocalNetwork(config, subnet, uplink, mtuOption, vxlan, mixed, on);
    }
}
