package io.canal.charm;

import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.config.Listen;
import io.canal.control.AgentStatus;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Event.Relation;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.juju.LogLevel;
import io.canal.juju.Status;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What nearly every hook does: from the options, the relations and what the agent says, make the node as it should be, and report
 * what is so. What is right already is not touched. Where an input is bad, nothing that works is changed.
 */
record Convergence(HookContext context, Juju juju, Machine machine) {

    /** How long a hook may wait for an agent that it started itself. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    void run() throws IOException {
        juju.status(converge());
    }

    private Status converge() throws IOException {
        Optional<String> other = machine.owner(context).claim();
        if (other.isPresent()) {
            tellNetwork();
            return Status.blocked("The network of this machine belongs to " + other.get() + "; remove one of the two units' cni relations");
        }
        Installation installation = new Installation(context, juju, machine);
        if (!installation.isDone()) {
            installation.run();
        }
        return switch (CharmOptions.of(juju.config())) {
            case CharmOptions.Result.Bad bad -> {
                followEtcd();
                yield Status.blocked(bad.sentence(context.command()));
            }
            case CharmOptions.Result.Good(CharmOptions options) -> switch (EtcdLink.read(juju, brokenRelation())) {
                case EtcdLink.Absent _ -> Status.blocked("Waiting for etcd relation.");
                case EtcdLink.Incomplete _ -> Status.waiting("Waiting on etcd.");
                case EtcdLink.Unusable(var problem) -> Status.blocked(problem.sentence() + "; repair the etcd application");
                case EtcdLink.Ready etcd -> converge(options, etcd);
            };
        };
    }

    /** The leader tells the network's configuration wherever it is, so also a unit that is the second one on its machine. */
    private void tellNetwork() {
        if (CharmOptions.of(juju.config()) instanceof CharmOptions.Result.Good(CharmOptions options)
                && EtcdLink.read(juju, brokenRelation()) instanceof EtcdLink.Ready etcd) {
            new NetworkRequest(machine.agent(), juju, context.unit()).send(options, etcd.relation())
                    .ifPresent(refusal -> juju.log(LogLevel.WARNING, refusal));
        }
    }

    /** While an option cannot be used, the agent keeps the last good ones; where etcd is and with what to speak to it does not wait. */
    private void followEtcd() throws IOException {
        String path = machine.node().agentYaml().toString();
        if (EtcdLink.read(juju, brokenRelation()) instanceof EtcdLink.Ready etcd
                && AgentConfig.parse(path, NodeFile.text(machine.node().agentYaml())) instanceof Decoded.Good<AgentConfig>(AgentConfig last)
                && last.etcd().known()
                && new AgentConfiguration(machine.templates(), machine.node()).write(last.withEtcd(configuration(etcd)))
                && machine.agent().ask(Op.RELOAD, Json.object(), PATIENCE) instanceof Reply.Refused(String sentence)) {
            juju.log(LogLevel.WARNING, sentence);
        }
    }

    private EtcdConfig configuration(EtcdLink.Ready etcd) throws IOException {
        boolean tls = etcd.endpoints().stream().anyMatch(endpoint -> endpoint.startsWith("https:"));
        Path credentials = machine.credentials().write(etcd);
        return new EtcdConfig(
                etcd.endpoints(),
                tls ? credentials.resolve("ca.pem").toString() : "",
                tls ? credentials.resolve("cert.pem").toString() : "",
                tls ? credentials.resolve("key.pem").toString() : "",
                EtcdConfig.DEFAULT_PREFIX);
    }

    private Status converge(CharmOptions options, EtcdLink.Ready etcd) throws IOException {
        CniLink cni = new CniLink(context, juju, machine.node());
        List<String> relations = cni.relations();
        new PrincipalRelations(context, juju).note(relations);
        AgentConfig config = configuration(options, etcd, cni.kubeconfig(relations));
        boolean changed = new AgentConfiguration(machine.templates(), machine.node()).write(config);

        Patience patience = new Patience(machine.time(), PATIENCE);
        Optional<AgentStatus> answer = machine.agent().status(patience.forOneCall());
        Start start = startWhereNeeded(answer.isPresent());
        if (start == Start.FAILED) {
            return Status.waiting("Waiting for service: canal-agent; systemctl could not start it, see: systemctl status " + NodeSetup.UNIT);
        }
        boolean started = start == Start.STARTED;
        if (started) {
            answer = untilItAnswers(patience);
        } else if (changed) {
            Reply reply = machine.agent().ask(Op.RELOAD, Json.object(), patience.forOneCall());
            if (reply instanceof Reply.Refused(String sentence)) {
                return Status.blocked(sentence);
            }
            // It waits for the kernel, which may take longer than a hook has time.
            answer = NodeAgent.status(reply).or(() -> machine.agent().status(patience.forOneCall()));
        }
        if (answer.isEmpty()) {
            return Status.waiting("Waiting for Flannel: the agent does not answer yet; see: journalctl -u " + NodeSetup.UNIT);
        }
        Optional<String> refused = new NetworkRequest(machine.agent(), juju, context.unit()).send(options, etcd.relation());
        AgentStatus status = started || changed ? untilItIsReady(answer.get(), patience) : answer.get();
        if (!status.subnet().isEmpty()) {
            cni.publish(relations, status.network().isEmpty() ? options.networks().stream().map(Cidr::toString).collect(Collectors.joining(",")) : status.network());
        }
        return refused.map(Status::blocked).orElseGet(() -> statusOf(status));
    }

    private AgentConfig configuration(CharmOptions options, EtcdLink.Ready etcd, String kubeconfig) throws IOException {
        Uplink uplink = options.iface().isEmpty() ? Uplink.bound(juju.network("cni")) : Uplink.named(options.iface());
        return new AgentConfig(
                context.unit(),
                options.nodename(),
                configuration(etcd),
                uplink.iface(),
                Ip.parse(uplink.address()),
                options.mtu(),
                options.dataplane(),
                options.leaseTtl(),
                options.logLevel(),
                Listen.DEFAULT,
                kubeconfig,
                context.charmDir().toString(),
                options.policy(),
                options.txChecksum());
    }

    /** What was done about the agent's process. */
    private enum Start {
        NOT_NEEDED,
        STARTED,
        FAILED
    }

    /** Starts the agent where none runs, and restarts it where it runs from another program than the one installed. */
    private Start startWhereNeeded(boolean answers) throws IOException {
        RestartNote note = RestartNote.of(context);
        if (answers && !note.isLeft()) {
            return Start.NOT_NEEDED;
        }
        Optional<Path> running = machine.process().runningFrom();
        if (running.isPresent() && running.get().endsWith(machine.program().digest())) {
            note.remove();
            return Start.NOT_NEEDED;
        }
        String verb = running.isEmpty() ? "start" : "restart";
        juju.log(LogLevel.INFO, verb + " of " + NodeSetup.UNIT + " with program " + machine.program().digest());
        if (!machine.systemd().control(verb, "--no-block", NodeSetup.UNIT)) {
            return Start.FAILED;
        }
        note.remove();
        return Start.STARTED;
    }

    private Optional<AgentStatus> untilItAnswers(Patience patience) {
        Optional<AgentStatus> status = machine.agent().status(patience.forOneCall());
        while (status.isEmpty() && patience.pause()) {
            status = machine.agent().status(patience.forOneCall());
        }
        return status;
    }

    private AgentStatus untilItIsReady(AgentStatus first, Patience patience) {
        AgentStatus last = first;
        while (!last.ready() && last.blocked().isEmpty() && patience.pause()) {
            last = machine.agent().status(patience.forOneCall()).orElse(last);
        }
        return last;
    }

    /** What the running agent says, as a status. */
    static Status statusOf(AgentStatus agent) {
        if (!agent.blocked().isEmpty()) {
            return Status.blocked(agent.blocked());
        }
        String subnet = "Flannel subnet " + agent.subnet();
        if (agent.ready() && !agent.subnet().isEmpty()) {
            return Status.active(String.join("; ", Stream.concat(Stream.of(subnet), agent.notes().stream()).toList()));
        }
        String reason = agent.reasons().isEmpty() ? "no subnet yet" : agent.reasons().getFirst();
        return Status.waiting((agent.subnet().isEmpty() ? "Waiting for Flannel: " : subnet + ", not ready: ") + reason);
    }

    private Optional<String> brokenRelation() {
        return context.event() instanceof Relation relation && relation.step() == Relation.Step.BROKEN
                ? Optional.of(relation.id()) : Optional.empty();
    }
}
