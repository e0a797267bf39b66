package io.canal.policy.reference;

import io.canal.model.Ip;
import io.canal.model.calico.Direction;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.Profile;
import io.canal.policy.Labelled;
import io.canal.policy.ScopedProfile;
import io.canal.policy.Scoping;
import io.canal.policy.reference.Passage.State;
import io.canal.policy.reference.Stage.Outcome;
import io.canal.policy.reference.Stage.Point;
import io.canal.policy.reference.Walk.Pass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the policies make of a packet on one node, point by point in the order of its way: before connection tracking, before
 * translation, then to the node, through it, or from it.
 */
public final class Evaluator {

    private static final int IP_IN_IP = 4;

    /** Without these IPv6 does not work at all: multicast listener, router and neighbour discovery. */
    private static final Set<Integer> NEIGHBOUR_DISCOVERY = Set.of(130, 131, 132, 133, 135, 136);

    private final NodeView node;
    private final Walk walk;

    /** The pods of this node by their interfaces. */
    private final Map<String, Pod> pods = new HashMap<>();

    /** The host endpoints of this node, by name. */
    private final List<Host> hosts;

    /** A host endpoint of this node. */
    private record Host(HostEndpoint endpoint, Labelled labelled) {

        String name() {
            return endpoint.name();
        }
    }

    public Evaluator(PolicyTables tables, NodeView node) {
        List<ScopedProfile> profiles = new ArrayList<>(tables.profiles());
        profiles.removeIf(profile -> profile.name().equals(Profile.ALLOW_ALL));
        profiles.add(Scoping.of(Profile.allowAll()).orThrow());
        this.node = node;
        tables.pods().stream().filter(pod -> pod.node().equals(node.name())).sorted(Comparator.comparing(Pod::title))
                // Of two on one interface the first by name has it.
                .forEach(pod -> pods.putIfAbsent(pod.interfaceName(), pod));
        this.hosts = tables.hosts().stream().filter(host -> host.node().equals(node.name())).sorted(Comparator.comparing(HostEndpoint::name))
                .map(host -> new Host(host, Labelled.of(host))).toList();
        this.walk = new Walk(tables, profiles, new Population(tables.labelled(), profiles));
    }

    /** What becomes of one packet on this node. */
    public Judgement judge(Passage passage) {
        return new Way(passage).run();
    }

    /** What becomes of a packet and of its answer. */
    public Exchange exchange(Passage request) {
        Judgement asked = judge(request);
        if (!asked.allowed() || asked.untracked() && request.isTranslated()) {
            return new Exchange(asked, Optional.empty(), false);
        }
        Flow answer = request.flow().answer();
        State state = !asked.untracked() ? State.ESTABLISHED
                // Conntrack takes a datagram for the first of a connection, but neither SYN-ACK nor an answer of ICMP.
                : answer.protocol() == PolicyProtocol.TCP || answer.isIcmp() ? State.INVALID : State.NEW;
        Judgement answered = judge(new Passage(request.out(), request.in(), answer, answer, state));
        return new Exchange(asked, Optional.of(answered), answered.allowed());
    }

    /** What the egress policies of a pod say of the first packet of a connection. */
    public Stage egress(Pod pod, Flow flow) {
        return pod(Point.POD_EGRESS, pod, Direction.EGRESS, flow);
    }

    /** What the ingress policies of a pod say of the first packet of a connection. */
    public Stage ingress(Pod pod, Flow flow) {
        return pod(Point.POD_INGRESS, pod, Direction.INGRESS, flow);
    }

    private Stage pod(Point point, Pod pod, Direction direction, Flow flow) {
        List<Step> steps = new ArrayList<>();
        Outcome outcome = walk.tiers(pod.labelled(), Pass.NORMAL, direction, flow, steps);
        if (outcome == Outcome.UNDECIDED) {
            outcome = walk.profiles(pod.labelled(), direction, flow, steps);
        }
        return new Stage(point, pod.title(), steps, outcome);
    }

    private Optional<Pod> podAt(String interfaceName) {
        return Optional.ofNullable(pods.get(interfaceName)).filter(pod -> !isCutOff(pod));
    }

    private boolean isCutOff(Pod pod) {
        return !pod.spoofed().isEmpty() && !node.spoofing();
    }

    /** Why no packet passes an interface of pods. */
    private String closed(String interfaceName) {
        return pods.containsKey(interfaceName) ? "the pod asks for sources beside its own (allowSpoofedSourcePrefixes), which workloadSourceSpoofing does not allow"
                : "the interface belongs to no endpoint";
    }

    /** The host endpoint of an interface: by its name or by its addresses, of several the first by name; else the one of all interfaces. */
    private Optional<Host> hostAt(String interfaceName) {
        Set<Ip> addresses = node.interfaces().getOrDefault(interfaceName, Set.of());
        return hosts.stream().filter(host -> host.endpoint().interfaceName().isEmpty() ? host.endpoint().expectedIps().stream().anyMatch(addresses::contains)
                        : host.endpoint().interfaceName().equals(interfaceName))
                .findFirst()
                .or(this::hostOfAll);
    }

    private Optional<Host> hostOfAll() {
        return hosts.stream().filter(host -> host.endpoint().isForAllInterfaces()).findFirst();
    }

    private static boolean isWorkload(String interfaceName) {
        return interfaceName.startsWith(EndpointNames.PREFIX);
    }

    /** One packet on its way. */
    private final class Way {

        private final String in;
        private String out;
        private final State state;
        private final Flow arriving;
        private Flow flow;
        private final List<Stage> stages = new ArrayList<>();

        /** A host endpoint's policy that came earlier has allowed the packet past those that come later. */
        private boolean accepted;

        private boolean untracked;

        Way(Passage passage) {
            this.in = passage.in();
            this.out = passage.out();
            this.state = passage.state();
            this.arriving = passage.arriving();
            this.flow = passage.flow();
        }

        Judgement run() {
            return new Judgement(in.isEmpty() ? fromHost() : arrives() && preDnat() && (out.isEmpty() ? toHost() : forwarded()), untracked, stages);
        }

        private boolean arrives() {
            if (isWorkload(in)) {
                Optional<Pod> pod = podAt(in);
                if (pod.isEmpty()) {
                    return refused(Point.POD_EGRESS, in, closed(in));
                }
                return pod.get().labelled().holds(arriving.source()) || pod.get().spoofed().stream().anyMatch(net -> net.contains(arriving.source()))
                        || refused(Point.POD_EGRESS, pod.get().title(), "the source is not an address of the pod");
            }
            return untracked(Point.UNTRACKED_INGRESS, in, Direction.INGRESS, arriving, node.inbound(), node.outbound());
        }

        /** Policies before connection tracking; of the endpoint of all interfaces there are none. */
        private boolean untracked(Point point, String interfaceName, Direction direction, Flow packet, List<Failsafe> open, List<Failsafe> answers) {
            Optional<Host> host = hostAt(interfaceName).filter(one -> !one.endpoint().isForAllInterfaces());
            if (host.isEmpty() || !walk.hasPolicies(host.get().labelled(), Pass.UNTRACKED, direction)) {
                return true;
            }
            List<Step> steps = new ArrayList<>();
            Outcome outcome;
            if (isOpen(open, packet, direction) || isOpen(answers, packet.answer(), opposite(direction))) {
                steps.add(new Step.Fixed("a failsafe port", true));
                outcome = Outcome.UNDECIDED;
            } else {
                outcome = walk.tiers(host.get().labelled(), Pass.UNTRACKED, direction, packet, steps);
            }
            stages.add(new Stage(point, host.get().name(), steps, outcome));
            if (outcome == Outcome.ALLOWED) {
                accepted = true;
                untracked = true;
                if (!flow.equals(arriving)) {
                    // What conntrack does not see is not translated: it stays the node's.
                    flow = arriving;
                    out = "";
                }
            }
            return outcome != Outcome.DENIED;
        }

        private boolean hasPreDnat(Host host) {
            return walk.hasPolicies(host.labelled(), Pass.PRE_DNAT, Direction.INGRESS);
        }

        /** An interface whose own endpoint has no such policies has those of the endpoint of all interfaces, as with Felix. */
        private boolean preDnat() {
            Optional<Host> host = hostAt(in).filter(this::hasPreDnat).or(() -> hostOfAll().filter(this::hasPreDnat));
            if (accepted || isEstablished() || host.isEmpty()) {
                return true;
            }
            List<Step> steps = new ArrayList<>();
            Outcome outcome;
            if (isInvalid()) {
                steps.add(new Step.Fixed("no packet of a connection", false));
                outcome = Outcome.DENIED;
            } else if (isOpen(node.inbound(), arriving, Direction.INGRESS)) {
                steps.add(new Step.Fixed("a failsafe port", true));
                outcome = Outcome.UNDECIDED;
            } else {
                outcome = walk.tiers(host.get().labelled(), Pass.PRE_DNAT, Direction.INGRESS, arriving, steps);
            }
            stages.add(new Stage(Point.PRE_DNAT, host.get().name(), steps, outcome));
            accepted |= outcome == Outcome.ALLOWED;
            return outcome != Outcome.DENIED;
        }

        private boolean toHost() {
            if (!isWorkload(in)) {
                return accepted || host(Point.HOST_INGRESS, in, Direction.INGRESS, node.inbound());
            }
            if (flow.isIcmp() && !flow.source().isV4() && NEIGHBOUR_DISCOVERY.contains(flow.icmpType())) {
                return true;
            }
            if (!podEgress()) {
                return false;
            }
            if (isEstablished()) {
                return true;
            }
            boolean allowed = node.toHost() != NodeView.ToHost.DROP;
            stages.add(new Stage(Point.POD_TO_HOST, node.name(), List.of(new Step.Fixed("DefaultEndpointToHostAction is " + node.toHost(), allowed)),
                    allowed ? Outcome.ALLOWED : Outcome.DENIED));
            return allowed;
        }

        private boolean forwarded() {
            // An answer is let through by the first chain that is asked; the answer of a connection is never judged anew.
            if (isEstablished() && !untracked) {
                return isWorkload(out) && podAt(out).isEmpty() ? refused(Point.POD_INGRESS, out, closed(out)) : true;
            }
            return (accepted || forward(Point.HOST_FORWARD_INGRESS, in, Direction.INGRESS))
                    && (!isWorkload(in) || podEgress())
                    && (!isWorkload(out) || podIngress())
                    && forward(Point.HOST_FORWARD_EGRESS, out, Direction.EGRESS);
        }

        private boolean fromHost() {
            if (isWorkload(out)) {
                // What a node sends to its own pods is never policed: kubelet must reach them.
                return true;
            }
            return untracked(Point.UNTRACKED_EGRESS, out, Direction.EGRESS, arriving, node.outbound(), node.inbound())
                    && (accepted || host(Point.HOST_EGRESS, out, Direction.EGRESS, node.outbound()));
        }

        private boolean podEgress() {
            Pod pod = podAt(in).orElseThrow();
            if (isEstablished()) {
                return true;
            }
            if (isInvalid()) {
                return refused(Point.POD_EGRESS, pod.title(), "no packet of a connection");
            }
            if (flow.protocol() == PolicyProtocol.UDP && node.guardedPorts().contains(flow.destinationPort()) || flow.protocol() == IP_IN_IP) {
                return refused(Point.POD_EGRESS, pod.title(), "a pod may not send packets of the overlay");
            }
            return added(egress(pod, flow));
        }

        private boolean podIngress() {
            Optional<Pod> pod = podAt(out);
            if (pod.isEmpty()) {
                return refused(Point.POD_INGRESS, out, closed(out));
            }
            return isInvalid() ? refused(Point.POD_INGRESS, pod.get().title(), "no packet of a connection") : added(ingress(pod.get(), flow));
        }

        /** Policies of what passes through; where there are none, all does. */
        private boolean forward(Point point, String interfaceName, Direction direction) {
            Optional<Host> host = hostAt(interfaceName);
            if (host.isEmpty()) {
                return true;
            }
            if (isInvalid()) {
                return refused(point, host.get().name(), "no packet of a connection");
            }
            Labelled endpoint = host.get().labelled();
            if (!walk.hasPolicies(endpoint, Pass.FORWARD, direction)) {
                return true;
            }
            List<Step> steps = new ArrayList<>();
            Outcome outcome = walk.tiers(endpoint, Pass.FORWARD, direction, flow, steps);
            stages.add(new Stage(point, host.get().name(), steps, outcome));
            return outcome != Outcome.DENIED;
        }

        /** Policies of the node itself. */
        private boolean host(Point point, String interfaceName, Direction direction, List<Failsafe> open) {
            Optional<Host> host = hostAt(interfaceName);
            if (host.isEmpty() || isEstablished()) {
                return true;
            }
            if (isInvalid()) {
                return refused(point, host.get().name(), "no packet of a connection");
            }
            List<Step> steps = new ArrayList<>();
            Outcome outcome;
            if (isOpen(open, flow, direction)) {
                steps.add(new Step.Fixed("a failsafe port", true));
                outcome = Outcome.ALLOWED;
            } else {
                outcome = walk.tiers(host.get().labelled(), Pass.NORMAL, direction, flow, steps);
                if (outcome == Outcome.UNDECIDED) {
                    outcome = walk.profiles(host.get().labelled(), direction, flow, steps);
                }
            }
            return added(new Stage(point, host.get().name(), steps, outcome));
        }

        private boolean added(Stage stage) {
            stages.add(stage);
            return stage.outcome() == Outcome.ALLOWED;
        }

        private boolean refused(Point point, String endpoint, String why) {
            stages.add(new Stage(point, endpoint, List.of(new Step.Fixed(why, false)), Outcome.DENIED));
            return false;
        }

        private boolean isEstablished() {
            return state == State.ESTABLISHED && !untracked;
        }

        private boolean isInvalid() {
            return state == State.INVALID && !untracked;
        }

        private static Direction opposite(Direction direction) {
            return direction == Direction.INGRESS ? Direction.EGRESS : Direction.INGRESS;
        }

        /** Whether the packet is to a failsafe port; the peer is its source on the way in, and its destination on the way out. */
        private static boolean isOpen(List<Failsafe> open, Flow packet, Direction direction) {
            Ip peer = direction == Direction.INGRESS ? packet.source() : packet.destination();
            return open.stream().anyMatch(failsafe -> failsafe.protocol() == packet.protocol() && failsafe.port() == packet.destinationPort()
                    && failsafe.net().stream().allMatch(net -> net.contains(peer)));
        }
    }
}
