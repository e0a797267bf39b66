package io.canal.model;

import java.nio.file.Path;
import java.util.List;

/**
 * Where things live on a node. On a real node the root is {@code /}; tests give each of their nodes a folder of its own.
 *
 * @param root the folder that stands for {@code /}
 */
public record NodePaths(Path root) {

    /** The paths of the machine that we run on. */
    public static NodePaths real() {
        return new NodePaths(Path.of("/"));
    }

    /** {@code /etc/canal/agent.yaml}: what the charm tells the agent. 0600. */
    public Path agentYaml() {
        return at("etc/canal/agent.yaml");
    }

    /** {@code /etc/canal/unit}: the unit that owns this node. */
    public Path ownerUnit() {
        return at("etc/canal/unit");
    }

    /** {@code /run/canal}: what the agent has for this boot. 0700. */
    public Path runDir() {
        return at("run/canal");
    }

    /** {@code /run/canal/agent.sock}: the agent's control socket. 0600. */
    public Path controlSocket() {
        return runDir().resolve("agent.sock");
    }

    /** {@code /run/canal/cni.sock}: where the CNI plugin's requests arrive. 0600. */
    public Path cniSocket() {
        return runDir().resolve("cni.sock");
    }

    /** {@code /run/canal/files.lock}: flock(2) held while the node's files are written. */
    public Path filesLock() {
        return runDir().resolve("files.lock");
    }

    /** {@code /run/canal/node-id}: the node id under which this boot has held a subnet. 0600. */
    public Path bootNodeId() {
        return runDir().resolve("node-id");
    }

    /** {@code /run/flannel/subnet.env}. */
    public Path subnetEnv() {
        return at("run/flannel/subnet.env");
    }

    /** {@code /etc/cni/net.d}. */
    public Path cniConfDir() {
        return at("etc/cni/net.d");
    }

    /** {@code /etc/cni/net.d/10-canal.conflist}. */
    public Path conflist() {
        return cniConfDir().resolve("10-canal.conflist");
    }

    /** {@code /opt/cni/bin}. */
    public Path cniBinDir() {
        return at("opt/cni/bin");
    }

    /** Where runtimes keep what ADD gave: libcni's folder, and the one that older kubelets give it. */
    public List<Path> cniResults() {
        return List.of(at("var/lib/cni/results"), at("var/lib/cni/cache/results"));
    }

    /** {@code /var/lib/cni/networks}: host-local's store, one folder a network. */
    public Path hostLocalDir() {
        return at("var/lib/cni/networks");
    }

    /** {@code /var/lib/canal}: what must outlive a reboot: node id, MAC, last subnet, last in-sync tables. */
    public Path stateDir() {
        return at("var/lib/canal");
    }

    /** {@code /var/lib/canal/node-id}: which node this is, for as long as the disk lives. */
    public Path nodeId() {
        return stateDir().resolve("node-id");
    }

    /** {@code /var/lib/canal/endpoints}: the journal, one file an endpoint. */
    public Path endpointJournal() {
        return stateDir().resolve("endpoints");
    }

    /** {@code /var/lib/canal/spool}: writes that wait for etcd, one file each. */
    public Path spool() {
        return stateDir().resolve("spool");
    }

    /** {@code /opt/canal}: the installed programs, by digest, and the link {@code current}. */
    public Path programDir() {
        return at("opt/canal");
    }

    /** {@code /var/lib/calico/nodename}. */
    public Path calicoNodename() {
        return at("var/lib/calico/nodename");
    }

    /** {@code path}, which begins without a slash, below the root. */
    public Path at(String path) {
        return root.resolve(path);
    }
}
