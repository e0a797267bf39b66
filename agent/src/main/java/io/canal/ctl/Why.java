package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.Ends.End;
import io.canal.ctl.NodeAnswers.Answer;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Judgement;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.reference.Stage;
import io.canal.policy.reference.Step;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Why a connection is allowed or not, on the nodes of both ends: as the reference evaluator works it out from what lies in etcd, and as
 * the kernels' own rules have it. One sentence, then the whole walk. Where the two disagree, canal has a defect, and it is said.
 */
final class Why {

    /** How long the agents of other nodes may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(4);
    /** After a change kernels follow within milliseconds, a busy node's within a second. */
    private static final Duration SETTLED = Duration.ofSeconds(1);

    private static final int SOME_PORT = 40_000;
    private static final String OVERLAY = "flannel.1";
    private static final String UPLINK = "uplink";

    private static final List<Kind> KINDS = List.of(Kind.TIER, Kind.NETWORK_POLICY, Kind.GLOBAL_NETWORK_POLICY, Kind.PROFILE, Kind.WORKLOAD_ENDPOINT,
            Kind.HOST_ENDPOINT, Kind.NETWORK_SET, Kind.GLOBAL_NETWORK_SET, Kind.NODE, Kind.FELIX_CONFIGURATION, Kind.STAGED_NETWORK_POLICY,
            Kind.STAGED_GLOBAL_NETWORK_POLICY, Kind.STAGED_KUBERNETES_NETWORK_POLICY);

    private final Surroundings world;
    private final Store store;
    private final NodeAnswers agents;
    private final List<Resource> resources = new ArrayList<>();
    private final List<String> unreadable = new ArrayList<>();
    private final PolicyTables tables;
    private final boolean controllers;
    private final Ends ends;

    /** The packet on one node: what policy makes of it there, and what that node said. */
    private record Leg(String node, Passage passage, NodeView view, Judgement judgement, Answer answer) {

        Optional<KernelWalk> kernel() {
            return answer.told().map(KernelWalk::new);
        }

        boolean allowed() {
            return judgement.allowed() && kernel().flatMap(KernelWalk::guard).isEmpty();
        }

        /** What stops it here. */
        Optional<String> reason() {
            return judgement.denial().map(Why::reason).or(() -> kernel().flatMap(KernelWalk::guard).map(guard -> "on " + node + ", " + guard));
        }

        /** Where evaluator and kernel are not of one mind. */
        private Optional<String> disagreement() {
            return kernel().filter(walk -> walk.guard().isEmpty()).flatMap(walk -> walk.disagreement(judgement));
        }

        private List<String> earlier() {
            return kernel().map(KernelWalk::earlier).orElse(List.of());
        }

        Optional<String> defect() {
            return disagreement().filter(_ -> earlier().isEmpty()).map(what -> "This is a defect of canal: on " + node + " " + what + ". Please report it.");
        }

        /** What is in force here is not what lies in etcd, since that is not as it must be. */
        Optional<String> difference() {
            return disagreement().filter(_ -> !earlier().isEmpty()).map(what -> "On " + node + " " + what + ": an earlier version is in force there of "
                    + String.join(", ", earlier()) + ", since what etcd has of it is not as it must be.");
        }
    }

    private Why(Client client, Store store, Surroundings world) throws StoreException {
        this.world = world;
        this.store = store;
        this.agents = new NodeAnswers(world, PATIENCE);
        for (Kind kind : KINDS) {
            Client.Listed listed = client.list(kind, Optional.empty());
            listed.resources().forEach(one -> resources.add(one.resource()));
            listed.problems().forEach(problem -> unreadable.add(problem.sentence()));
        }
        this.controllers = !client.list(Kind.KUBE_CONTROLLERS_CONFIGURATION, Optional.empty()).resources().isEmpty();
        this.tables = PolicyTables.of(resources, problem -> unreadable.add(problem.sentence())).standingIn(controllers);
        this.ends = new Ends(tables.pods(), resources);
    }

    /** What was found out about one connection. */
    private record Found(End sender, End receiver, Target target, List<Leg> legs) {

        boolean isDefect() {
            return legs.stream().anyMatch(leg -> leg.defect().isPresent());
        }
    }

    /**
     * Answers. What lies in etcd is a moment ahead of the kernels where it has just been changed: only what stays different is a defect.
     */
    static int answer(Client client, Store store, Surroundings world, String source, String destination) throws Refused, StoreException {
        long begin = world.clock().nanos();
        Why why;
        Found found;
        do {
            why = new Why(client, store, world);
            found = why.find(source, destination);
        } while (found.isDefect() && world.clock().since(begin).compareTo(SETTLED) < 0);
        why.print(found.sender, found.receiver, found.target, found.legs);
        return 0;
    }

    private Found find(String source, String destination) throws Refused, StoreException {
        Target target = Target.parse(destination);
        End sender = ends.find(source, Ip.parse(target.host()).map(Ip::isV4));
        End receiver = ends.find(target.host(), Optional.of(sender.address().isV4()));
        if (sender.address().isV4() != receiver.address().isV4()) {
            throw new Refused(sender.title() + " and " + receiver.title() + " have no addresses of one family");
        }
        Map<String, Flow> flows = flows(leaving(sender, receiver), receiver, target);
        if (flows.isEmpty()) {
            throw new Refused("neither " + source + " nor " + destination + " is a pod or a node: no policy is asked");
        }
        Map<String, ObjectNode> packets = new LinkedHashMap<>();
        flows.forEach((node, flow) -> packets.put(node, packet(flow)));
        Map<String, Answer> answers = agents.ask(store, packets);
        List<Leg> legs = new ArrayList<>();
        flows.forEach((node, flow) -> legs.add(leg(node, flow, sender, receiver, answers.getOrDefault(node, Answer.none("")))));
        return new Found(sender, receiver, target, legs);
    }

    private void print(End sender, End receiver, Target target, List<Leg> legs) {
        boolean allowed = legs.stream().allMatch(Leg::allowed);
        String reason = legs.stream().flatMap(leg -> leg.reason().stream()).findFirst().orElse("");
        world.out().println(sender.title() + (allowed ? " may" : " may not") + " connect to " + receiver.title() + ", " + target.title()
                + (allowed ? "." : ": " + reason + "."));
        legs.forEach(leg -> leg.defect().or(leg::difference).ifPresent(world.out()::println));
        legs.forEach(leg -> leg.judgement.walk().forEach(this::print));
        for (Leg leg : legs) {
            leg.kernel().ifPresentOrElse(walk -> walk.lines(leg.node).forEach(line -> world.out().println("  " + line)),
                    () -> world.out().println("  the kernel of " + leg.node + " was not asked: " + leg.answer.why()));
        }
        staged(legs, allowed);
        unreadable.stream().distinct().forEach(sentence -> world.out().println("not counted, because it cannot be read: " + sentence));
    }

    /** What would be otherwise if what is staged were in force. */
    private void staged(List<Leg> legs, boolean allowed) {
        Optional<List<Resource>> done = Staged.done(resources);
        if (done.isEmpty()) {
            return;
        }
        PolicyTables then = PolicyTables.of(done.get(), problem -> unreadable.add(problem.sentence())).standingIn(controllers);
        List<Judgement> judgements = legs.stream().map(leg -> new Evaluator(then, leg.view).judge(leg.passage)).toList();
        Optional<Stage> denial = judgements.stream().flatMap(judgement -> judgement.denial().stream()).findFirst();
        boolean allowedThen = judgements.stream().allMatch(Judgement::allowed);
        world.out().println("  with what is staged " + (allowedThen == allowed ? "the same" : allowedThen ? "it would be allowed" : "it would be denied")
                + denial.map(stage -> ": " + reason(stage)).orElse(""));
    }

    private static String reason(Stage stage) {
        return stage.point().title() + " " + stage.endpoint() + ", " + stage.steps().getLast().text();
    }

    private void print(Stage stage) {
        world.out().println("  " + stage.point().title() + " " + stage.endpoint() + ": " + switch (stage.outcome()) {
            case ALLOWED -> "allowed";
            case DENIED -> "denied";
            case UNDECIDED -> "goes on";
        });
        for (Step step : stage.steps()) {
            world.out().println("    " + step.text());
        }
    }

    /** The packet as each node of the way sees it, in order. */
    private Map<String, Flow> flows(End sender, End receiver, Target target) {
        Map<String, Flow> flows = new LinkedHashMap<>();
        sender.node().ifPresent(node -> flows.put(node, flow(sender.address(), receiver.address(), target)));
        receiver.node().ifPresent(node -> flows.computeIfAbsent(node, _ -> flow(seen(sender, receiver), receiver.address(), target)));
        return flows;
    }

    private static Flow flow(Ip source, Ip destination, Target target) {
        return target.port().isPresent() ? Flow.ports(source, destination, target.protocol(), SOME_PORT, target.port().get())
                : Flow.icmp(source, destination, source.isV4() ? 8 : 128, 0);
    }

    /** What a node sends to a pod of another one goes through the overlay, with the address that the node has there. */
    private End leaving(End sender, End receiver) throws StoreException {
        if (!sender.isNode() || receiver.pod().isEmpty() || receiver.node().equals(sender.node())) {
            return sender;
        }
        for (Store.Entry entry : store.list(NetworkKeys.HOLDERS).entries()) {
            if (HolderRecord.parse(entry.key(), entry.value()) instanceof Decoded.Good<HolderRecord>(HolderRecord holder)
                    && sender.node().filter(holder.nodename()::equals).isPresent() && holder.lease().backendType().equals(LeaseValue.VXLAN)
                    && SubnetKey.parse(entry.key(), entry.key().substring(NetworkKeys.HOLDERS.length())) instanceof Decoded.Good<SubnetKey>(SubnetKey subnet)) {
                return subnet.cidrs().stream().map(Cidr::base).filter(address -> address.isV4() == sender.address().isV4()).findFirst()
                        .map(address -> new End(sender.pod(), sender.node(), address)).orElse(sender);
            }
        }
        return sender;
    }

    /** A pod's packet to another node leaves the pods' network, and is masqueraded. */
    private Ip seen(End sender, End receiver) {
        return sender.pod().isPresent() && receiver.isNode()
                ? sender.node().flatMap(node -> ends.addressOf(node, sender.address().isV4())).orElse(sender.address()) : sender.address();
    }

    private static ObjectNode packet(Flow flow) {
        return Json.object().put("source", flow.source().toString()).put("destination", flow.destination().toString()).put("protocol", flow.protocol())
                .put("source-port", flow.sourcePort()).put("destination-port", flow.destinationPort()).put("icmp-type", flow.icmpType());
    }

    private Leg leg(String node, Flow flow, End sender, End receiver, Answer answer) {
        Passage passage = answer.told().map(told -> Passage.of(told.path("in").asText(), told.path("out").asText(), flow))
                .orElseGet(() -> Passage.of(guess(node, sender, receiver), guess(node, receiver, sender), flow));
        NodeView view = answer.told().map(told -> InForce.told(node, told)).orElseGet(() -> InForce.guessed(node, resources, Map.of(uplink(node), expected(node))));
        return new Leg(node, passage, view, new Evaluator(tables, view).judge(passage), answer);
    }

    /** The interface by which a node that does not answer leads to an end. */
    private String guess(String node, End end, End other) {
        if (end.node().filter(node::equals).isPresent()) {
            return end.pod().map(pod -> pod.interfaceName()).orElse("");
        }
        return end.pod().isPresent() && other.pod().isPresent() ? OVERLAY : uplink(node);
    }

    private Set<Ip> expected(String node) {
        return hosts(node).flatMap(host -> host.expectedIps().stream()).collect(Collectors.toSet());
    }

    private Stream<HostEndpoint> hosts(String node) {
        return tables.hosts().stream().filter(host -> host.node().equals(node));
    }

    /** The interface to the world: that of a host endpoint where one names it, for it matters to nothing else. */
    private String uplink(String node) {
        return hosts(node).filter(host -> !host.isForAllInterfaces() && !host.interfaceName().isEmpty()).map(HostEndpoint::interfaceName).sorted()
                .findFirst().orElse(UPLINK);
    }

    /**
     * What can be said while etcd does not answer: what this node's own kernel does.
     *
     * @param failure why etcd cannot be asked
     */
    static int withoutEtcd(Surroundings world, String source, String destination, String failure) throws Refused {
        Target target = Target.parse(destination);
        NodeAnswers agents = new NodeAnswers(world, PATIENCE);
        Optional<String> here = agents.here();
        if (here.isEmpty()) {
            throw new Refused(failure);
        }
        boolean v4 = Ip.parse(source).or(() -> Ip.parse(target.host())).map(Ip::isV4).orElse(true);
        ObjectNode packet = Json.object().put("source", source).put("destination", target.host()).put("v4", v4).put("protocol", target.port().isPresent()
                        ? target.protocol() : v4 ? 1 : 58).put("source-port", target.port().isPresent() ? SOME_PORT : 0)
                .put("destination-port", target.port().orElse(0)).put("icmp-type", target.port().isPresent() ? -1 : v4 ? 8 : 128);
        Answer answer = agents.own(packet);
        JsonNode told = answer.told().orElseThrow(() -> new Refused(failure + "\nThe kernel of " + here.get() + " could not be asked either: " + answer.why()));
        KernelWalk walk = new KernelWalk(told);
        world.out().println("The rules in the kernel of " + here.get() + " " + (walk.through() ? "let" : "do not let") + " " + source + " connect to " + target.host()
                + ", " + target.title() + "; what policy says, and what another node does, is not known, since etcd cannot be asked: " + failure);
        walk.lines(here.get()).forEach(line -> world.out().println("  " + line));
        return 0;
    }
}
