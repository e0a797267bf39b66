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
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
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

    /** What was planned, what was done, and what is left, in sentences. */
    record Outcome(List<String> plan, List<String> done, List<String> left) {}

    Outcome run(Observation seen, boolean dryRun) throws IOException {
        List<String> plan = new ArrayList<>();
        List<String> done = new ArrayList<>();
        List<String> left = new ArrayList<>();
        List<Finding> problems = Examination.of(seen).problems();
        List<String> files = List.of(node.subnetEnv().toString(), node.conflist().toString());
        List<Finding> inFiles = problems.stream().filter(problem -> files.contains(problem.where())).toList();
        problems.stream().filter(problem -> !files.contains(problem.where())).forEach(problem -> left.add(problem.what() + " " + problem.repair()));
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
        Optional<Cidr> network = network(seen);
        int mtu = seen.device().map(Observation.Device::mtu).orElse(0);
        if (subnet.isEmpty() || subnet.get().v4().isEmpty() || network.isEmpty() || mtu == 0
                || !(AgentConfig.parse(node.agentYaml().toString(), Files.readString(node.agentYaml())) instanceof Decoded.Good<AgentConfig>(AgentConfig config))) {
            return Optional.empty();
        }
        SubnetEnv subnetEnv = new SubnetEnv(Optional.of(SubnetEnv.Net.of(network.get(), subnet.get().v4().get())), Optional.empty(), mtu, true);
        Optional<Conflist.Tls> tls = config.etcd().ca().isEmpty()
                ? Optional.empty()
                : Optional.of(new Conflist.Tls("/opt/calicoctl/etcd-ca", "/opt/calicoctl/etcd-cert", "/opt/calicoctl/etcd-key"));
        String kubeconfig = config.kubeconfig().isEmpty() || Files.exists(Path.of(config.kubeconfig())) ? config.kubeconfig() : "";
        return Optional.of(new FileFacts(subnetEnv, nodename(config), config.etcd().endpoints(), tls, kubeconfig));
    }

    private static Optional<Cidr> network(Observation seen) {
        if (seen.etcd() instanceof Etcd.Seen etcd && etcd.config().isPresent()) {
            return etcd.config().get().networks().stream().filter(Cidr::isV4).findFirst();
        }
        return seen.subnetEnv() instanceof Text.Present(String text) && SubnetEnv.parse("subnet.env", text) instanceof Decoded.Good<SubnetEnv>(SubnetEnv file)
                ? file.v4().map(SubnetEnv.Net::network)
                : Optional.empty();
    }

    private String nodename(AgentConfig config) throws IOException {
        if (!config.nodename().isEmpty()) {
            return config.nodename();
        }
        String known = NodeFile.text(node.calicoNodename());
        return known.isEmpty() ? InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT) : known;
    }
}
