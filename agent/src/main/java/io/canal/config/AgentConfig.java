package io.canal.config;

import io.canal.model.Decoded;
import io.canal.model.Ip;
import java.time.Duration;
import java.util.Optional;

/**
 * What the charm tells the agent: the content of {@code /etc/canal/agent.yaml}.
 *
 * <p>The configuration of the network (cidr, VNI, port) is not in it: that is one for all nodes, and lives in etcd.
 *
 * @param unit the Juju unit that owns this node, such as {@code canal/0}; empty without Juju
 * @param nodename the node's name; empty means that the node decides
 * @param iface the uplink's name or one of its addresses; empty means that of the default route
 * @param publicIp the uplink's address that is to be used, or the one that a translation on the way gives this node
 * @param mtu the MTU of pods and of the overlay's device; 0 means: what the uplink leaves
 * @param leaseTtl the time that the subnet's lease lives without renewal
 * @param listen where health and metrics are served
 * @param kubeconfig path of the kubeconfig that the conflist names while that file exists; empty for none
 * @param charmDir the charm's folder, for the nudge; empty without Juju
 * @param policy what options say of policy
 * @param txChecksum whether the tunnels leave checksums to the network card
 */
public record AgentConfig(
        String unit,
        String nodename,
        EtcdConfig etcd,
        String iface,
        Optional<Ip> publicIp,
        int mtu,
        DataplaneOption dataplane,
        Duration leaseTtl,
        LogLevel logLevel,
        Listen listen,
        String kubeconfig,
        String charmDir,
        PolicyOptions policy,
        TxChecksum txChecksum) {

    /** With the checksums left to what the kernel is known to do. */
    public AgentConfig(String unit, String nodename, EtcdConfig etcd, String iface, Optional<Ip> publicIp, int mtu, DataplaneOption dataplane,
            Duration leaseTtl, LogLevel logLevel, Listen listen, String kubeconfig, String charmDir, PolicyOptions policy) {
        this(unit, nodename, etcd, iface, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, TxChecksum.AUTO);
    }

    /** With nothing said of policy. */
    public AgentConfig(String unit, String nodename, EtcdConfig etcd, String iface, Optional<Ip> publicIp, int mtu, DataplaneOption dataplane,
            Duration leaseTtl, LogLevel logLevel, Listen listen, String kubeconfig, String charmDir) {
        this(unit, nodename, etcd, iface, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, PolicyOptions.NONE);
    }

    /** What an empty file means. */
    public static AgentConfig defaults() {
        return new AgentConfig("", "", EtcdConfig.none(), "", Optional.empty(), 0, DataplaneOption.AUTO, Options.DEFAULT_LEASE,
                LogLevel.INFO, Listen.DEFAULT, "", "");
    }

    /**
     * Reads the file's text.
     *
     * @param where the file's path, for the sentence where something is wrong
     */
    public static Decoded<AgentConfig> parse(String where, String yaml) {
        return AgentYaml.parse(where, yaml);
    }

    /** The file's text; {@link #parse} reads the same back from it. */
    public String print() {
        return AgentYaml.print(this);
    }

    public AgentConfig withEtcd(EtcdConfig other) {
        return new AgentConfig(unit, nodename, other, iface, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, txChecksum);
    }

    public AgentConfig withIface(String other) {
        return new AgentConfig(unit, nodename, etcd, other, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, txChecksum);
    }

    public AgentConfig withPublicIp(Optional<Ip> other) {
        return new AgentConfig(unit, nodename, etcd, iface, other, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, txChecksum);
    }

    public AgentConfig withDataplane(DataplaneOption other) {
        return new AgentConfig(unit, nodename, etcd, iface, publicIp, mtu, other, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, txChecksum);
    }

    public AgentConfig withTxChecksum(TxChecksum other) {
        return new AgentConfig(unit, nodename, etcd, iface, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, policy, other);
    }

    public AgentConfig withPolicy(PolicyOptions other) {
        return new AgentConfig(unit, nodename, etcd, iface, publicIp, mtu, dataplane, leaseTtl, logLevel, listen, kubeconfig, charmDir, other, txChecksum);
    }
}
