package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.ControlClient;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Judgement;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.Pod;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.reference.Stage;
import io.canal.policy.reference.Step;
import io.canal.store.StoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Why a connection is allowed or not, as the reference evaluator works it out from what lies in etcd: one sentence, then the whole
 * walk on the nodes of both ends.
 */
final class Why {

    private static final Pattern TARGET = Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([^\\[\\]:]+(?:/[^\\[\\]:]+)?)|([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))"
            + "(?::([0-9]{1,5})(?:/([A-Za-z0-9]+))?)?");
    private static final Map<String, Integer> PROTOCOLS = Map.of("tcp", PolicyProtocol.TCP, "udp", PolicyProtocol.UDP, "sctp", 132);
    private static final int LARGEST_PORT = 65_535;
    private static final int SOME_PORT = 40_000;
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final String OVERLAY = "flannel.1";
    private static final String UPLINK = "uplink";

    private static final List<Kind> KINDS = List.of(Kind.TIER, Kind.NETWORK_POLICY, Kind.GLOBAL_NETWORK_POLICY, Kind.PROFILE, Kind.WORKLOAD_ENDPOINT,
            Kind.HOST_ENDPOINT, Kind.NETWORK_SET, Kind.GLOBAL_NETWORK_SET);

    private final Surroundings world;
    private final PolicyTables tables;
    private final List<String> unreadable = new ArrayList<>();
    private final List<String> kernel = new ArrayList<>();

    /** One end: a pod, or an address that is none's. */
    private record End(Optional<Pod> pod, Ip address) {

        String title() {
            return pod.map(Pod::title).orElseGet(address::toString);
        }
    }

    /** Where a connection goes to. */
    private record Target(String host, Optional<Integer> port, int protocol, String word) {

        String title() {
            return port.map(number -> word.toUpperCase(Locale.ROOT) + " port " + number).orElse("ICMP echo");
        }
    }

    Why(Client client, Surroundings world) throws StoreException {
        this.world = world;
        List<Resource> resources = new ArrayList<>();
        for (Kind kind : KINDS) {
            client.list(kind, Optional.empty()).resources().forEach(one -> resources.add(one.resource()));
        }
        boolean controllers = !client.list(Kind.KUBE_CONTROLLERS_CONFIGURATION, Optional.empty()).resources().isEmpty();
        this.tables = PolicyTables.of(resources, problem -> unreadable.add(problem.sentence())).standingIn(controllers);
    }

    int answer(String source, String destination) throws Refused {
        Target target = target(destination);
        Optional<Ip> to = Ip.parse(target.host());
        End sender = end(source, to.map(Ip::isV4));
        End receiver = end(target.host(), Optional.of(sender.address().isV4()));
        if (sender.address().isV4() != receiver.address().isV4()) {
            throw new Refused(sender.title() + " and " + receiver.title() + " have no addresses of one family");
        }
        Flow flow = target.port().isPresent()
                ? Flow.ports(sender.address(), receiver.address(), target.protocol(), SOME_PORT, target.port().get())
                : Flow.icmp(sender.address(), receiver.address(), sender.address().isV4() ? 8 : 128, 0);
        List<Judgement> judgements = judge(sender, receiver, flow);
        if (judgements.isEmpty()) {
            throw new Refused("neither " + source + " nor " + destination + " is a pod: no policy of pods is asked");
        }
        boolean allowed = judgements.stream().allMatch(Judgement::allowed);
        String reason = judgements.stream().flatMap(judgement -> judgement.denial().stream()).findFirst().map(Why::reason).orElse("");
        world.out().println(sender.title() + (allowed ? " may" : " may not") + " connect to " + receiver.title() + ", " + target.title()
                + (allowed ? "." : ": " + reason + "."));
        judgements.forEach(judgement -> judgement.walk().forEach(this::print));
        kernel.forEach(line -> world.out().println("  " + line));
        unreadable.forEach(sentence -> world.out().println("not counted, because it cannot be read: " + sentence));
        return 0;
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

    /** On the sender's node and, where it is another, on the receiver's; only as far as the packet gets. */
    private List<Judgement> judge(End sender, End receiver, Flow flow) {
        List<Judgement> judgements = new ArrayList<>();
        boolean same = sender.pod().isPresent() && receiver.pod().isPresent() && sender.pod().get().node().equals(receiver.pod().get().node());
        if (sender.pod().isPresent()) {
            String out = same ? receiver.pod().orElseThrow().interfaceName()
                    : receiver.pod().isPresent() ? OVERLAY : uplink(sender.pod().get().node());
            judgements.add(on(sender.pod().get().node(), Passage.of(sender.pod().get().interfaceName(), out, flow)));
        }
        if (receiver.pod().isPresent() && !same && judgements.stream().allMatch(Judgement::allowed)) {
            String in = sender.pod().isPresent() ? OVERLAY : uplink(receiver.pod().get().node());
            judgements.add(on(receiver.pod().get().node(), Passage.of(in, receiver.pod().get().interfaceName(), flow)));
        }
        return judgements;
    }

    private Judgement on(String node, Passage passage) {
        Set<Ip> addresses = hosts(node).flatMap(host -> host.expectedIps().stream()).collect(Collectors.toSet());
        Judgement judgement = new Evaluator(tables, NodeView.of(node, Map.of(uplink(node), addresses))).judge(passage);
        inKernel(node, passage, judgement.allowed());
        return judgement;
    }

    /** What the kernel of this node does, where it is the node in question and its agent answers. */
    private void inKernel(String node, Passage passage, boolean allowed) {
        Path socket = new NodePaths(world.root()).controlSocket();
        if (!Files.exists(socket)) {
            return;
        }
        Flow flow = passage.flow();
        ObjectNode packet = Json.object().put("in", passage.in()).put("out", passage.out()).put("source", flow.source().toString())
                .put("destination", flow.destination().toString()).put("protocol", flow.protocol()).put("source-port", flow.sourcePort())
                .put("destination-port", flow.destinationPort()).put("icmp-type", flow.icmpType());
        switch (new ControlClient(socket).call(Op.VERDICT, packet, DEADLINE)) {
            case Reply.Done(ObjectNode body) when body.path("node").asText().equals(node) -> {
                boolean through = body.path("through").asBoolean();
                kernel.add("in the kernel of " + node + " (" + body.path("dataplane").asText() + "): " + (through ? "let through" : "dropped")
                        + (body.path("rule").asText().isEmpty() ? "" : ", " + body.path("rule").asText()));
                if (through != allowed) {
                    kernel.add("This is a defect of canal: the policies " + (allowed ? "allow" : "deny") + " it on " + node + ", and the kernel does not. Please report it.");
                }
            }
            // Another node's rules are not here.
            case Reply.Done(ObjectNode body) -> { }
            case Reply.Refused(String sentence) -> kernel.add("the kernel was not asked: " + sentence);
            case Reply.Unreachable(String sentence) -> kernel.add("the kernel was not asked: " + sentence);
        }
    }

    private Stream<HostEndpoint> hosts(String node) {
        return tables.hosts().stream().filter(host -> host.node().equals(node));
    }

    /** The interface to the world: that of a host endpoint where one names it, for it matters to nothing else. */
    private String uplink(String node) {
        return hosts(node).filter(host -> !host.isForAllInterfaces() && !host.interfaceName().isEmpty()).map(HostEndpoint::interfaceName).sorted()
                .findFirst().orElse(UPLINK);
    }

    /** A pod by its namespace and name, or whose an address is. */
    private End end(String word, Optional<Boolean> v4) throws Refused {
        Optional<Ip> address = Ip.parse(word);
        if (address.isPresent()) {
            return new End(tables.pods().stream().filter(pod -> pod.labelled().holds(address.get())).findFirst(), address.get());
        }
        List<Pod> pods = tables.pods().stream().filter(pod -> pod.title().equals(word) || pod.name().equals(word) && !word.contains("/")).toList();
        if (pods.isEmpty()) {
            throw new Refused("there is no pod " + word + "; expected NAMESPACE/NAME, or an address");
        }
        if (pods.stream().map(Pod::title).distinct().count() > 1) {
            throw new Refused("several pods are called " + word + ": " + String.join(", ", pods.stream().map(Pod::title).toList()));
        }
        Pod pod = pods.getFirst();
        return pod.labelled().nets().stream()
                .map(net -> net.base())
                .filter(ip -> v4.isEmpty() || ip.isV4() == v4.get())
                .findFirst()
                .map(ip -> new End(Optional.of(pod), ip))
                .orElseThrow(() -> new Refused(pod.title() + " has no address of the other's family"));
    }

    private static Target target(String text) throws Refused {
        Matcher parts = TARGET.matcher(text);
        if (!parts.matches()) {
            throw wrongTarget(text);
        }
        String host = Optional.ofNullable(parts.group(1)).or(() -> Optional.ofNullable(parts.group(2))).orElseGet(() -> parts.group(3));
        Optional<Integer> port = Optional.ofNullable(parts.group(4)).map(Integer::valueOf);
        String word = Optional.ofNullable(parts.group(5)).orElse("tcp").toLowerCase(Locale.ROOT);
        if (!PROTOCOLS.containsKey(word) || port.isPresent() && (port.get() < 1 || port.get() > LARGEST_PORT)) {
            throw wrongTarget(text);
        }
        return new Target(host, port, PROTOCOLS.getOrDefault(word, 0), word);
    }

    private static Refused wrongTarget(String text) {
        return new Refused("the destination is \"" + text + "\", expected a pod NAMESPACE/NAME or an address, and behind it nothing (ICMP echo) or :PORT or :PORT/tcp|udp|sctp");
    }
}
