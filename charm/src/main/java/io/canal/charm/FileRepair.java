package io.canal.charm;

import io.canal.check.Examination;
import io.canal.check.Observation;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Text;
import io.canal.config.AgentConfig;
import io.canal.control.Finding;
import io.canal.dataplane.file.NodeFiles;
import io.canal.files.Conflist;
import io.canal.files.FileFacts;
import io.canal.files.SubnetEnv;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip.Family;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
import io.canal.model.SubnetRange;
import io.canal.network.LocalNetwork;
import io.canal.network.Mtu;
import io.canal.reconcile.StageFailed;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Mends the node's files while no agent runs, with the class that the agent writes them with, under the same lock. What is in the
 * kernel is the agent's, and is left to it.
 *
 * @param templates the folder with the templates of the program in use
 */
record FileRepair(NodePaths node, Path templates) {

    /** What was planned, what was done, and what is left, in sentences; of a dry run only what is left of the files. */
    record Outcome(List<String> plan, List<String> done, List<String> left) {}

    Outcome run(Observation seen, boolean dryRun) throws IOException {
        List<String> plan = new ArrayList<>();
        List<String> done = new ArrayList<>();
        List<String> left = new ArrayList<>();
        List<Finding> problems = Examination.of(seen).problems();
        List<String> files = List.of(node.subnetEnv().toString(), node.conflist().toString());
        List<Finding> inFiles = problems.stream().filter(problem -> files.contains(problem.where())).toList();
        problems.stream().filter(problem -> !files.contains(problem.where()) && !dryRun).forEach(problem -> left.add(SubnetActions.advice(problem)));
        if (inFiles.isEmpty()) {
            return new Outcome(plan, done, left);
        }
        Optional<FileFacts> facts = facts(seen);
        if (facts.isEmpty()) {
            inFiles.forEach(problem -> left.add(problem.what() + " It is not known what it should say while etcd is away and the device is missing; start the agent."));
            return new Outcome(plan, done, left);
        }
        inFiles.forEach(problem -> plan.add("Write " + problem.where() + " for " + problem.expected()));
        if (!dryRun) {
            try {
                NodeFiles writer = new NodeFiles(node, templates, () -> {});
                writer.put(writer.renderSettled(facts.get()), true);
                inFiles.forEach(problem -> done.add("Wrote " + problem.where() + " for " + problem.expected()));
            } catch (StageFailed failure) {
                throw new IOException(failure.getMessage(), failure);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", interrupted);
            }
        }
        return new Outcome(plan, done, left);
    }

    /** All that the files are made from, as far as the node and etcd say it; empty where they do not. */
    private Optional<FileFacts> facts(Observation seen) throws IOException {
        Optional<SubnetKey> subnet = Examination.subnet(seen);
        Optional<SubnetEnv.Net> v4 = net(seen, subnet, Family.V4);
        Optional<SubnetEnv.Net> v6 = net(seen, subnet, Family.V6);
        boolean whole = subnet.isPresent() && v4.isPresent() == subnet.get().v4().isPresent() && v6.isPresent() == subnet.get().v6().isPresent();
        int mtu = mtu(seen, subnet);
        if (!whole || mtu == 0
                || !(AgentConfig.parse(node.agentYaml().toString(), Files.readString(node.agentYaml())) instanceof Decoded.Good<AgentConfig>(AgentConfig config))) {
            return Optional.empty();
        }
        Optional<Conflist.Tls> tls = config.etcd().ca().isEmpty()
                ? Optional.empty()
                : Optional.of(new Conflist.Tls("/opt/calicoctl/etcd-ca", "/opt/calicoctl/etcd-cert", "/opt/calicoctl/etcd-key"));
        String kubeconfig = config.kubeconfig().isEmpty() || Files.exists(Path.of(config.kubeconfig())) ? config.kubeconfig() : "";
        return Optional.of(new FileFacts(new SubnetEnv(v4, v6, mtu, true), nodename(config), config.etcd().endpoints(), tls, kubeconfig));
    }

    /** Our subnet of a family, in its network by etcd; with etcd away in the one that subnet.env still names. */
    private static Optional<SubnetEnv.Net> net(Observation seen, Optional<SubnetKey> subnet, Family family) {
        Optional<Cidr> network = seen.etcd() instanceof Etcd.Seen etcd && etcd.config().isPresent()
                ? etcd.config().get().range(family).map(SubnetRange::network)
                : named(seen, family);
        return subnet.flatMap(key -> key.cidr(family)).flatMap(own -> network.map(block -> SubnetEnv.Net.of(block, own)));
    }

    private static Optional<Cidr> named(Observation seen, Family family) {
        if (seen.subnetEnv() instanceof Text.Present(String text) && SubnetEnv.parse("subnet.env", text) instanceof Decoded.Good<SubnetEnv>(SubnetEnv file)) {
            return (family == Family.V4 ? file.v4() : file.v6()).map(SubnetEnv.Net::network);
        }
        return Optional.empty();
    }

    /** What the interface to the others can carry; where that is not known, what the overlay's devices carry; 0 where neither is. */
    private static int mtu(Observation seen, Optional<SubnetKey> subnet) {
        if (seen.etcd() instanceof Etcd.Seen etcd && etcd.config().isPresent() && seen.uplink().isPresent()) {
            return Mtu.of(new LocalNetwork(etcd.config().get(), subnet, seen.uplink().get(), seen.mtuOption())).pods();
        }
        return seen.devices().stream().mapToInt(Observation.Device::mtu).min().orElse(0);
    }

    private String nodename(AgentConfig config) throws IOException {
        if (!config.nodename().isEmpty()) {
            return config.nodename();
        }
        String known = NodeFile.text(node.calicoNodename());
        return known.isEmpty() ? InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT) : known;
    }
}
