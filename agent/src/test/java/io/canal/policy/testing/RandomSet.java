package io.canal.policy.testing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.NodeView.ToHost;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.Passage.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A random set of policies and random flows; the same for the same seed.
 *
 * @param resources as etcd would hold them
 * @param node the node that all pods are on; its {@code eth0} leads to all others
 * @param requests first packets of connections
 */
public record RandomSet(long seed, List<Resource> resources, NodeView node, List<Passage> requests) {

    private static final List<String> NAMESPACES = List.of("red", "blue", "green");
    private static final List<String> KEYS = List.of("app", "role", "env", "ver");
    private static final List<String> VALUES = List.of("a", "b", "c", "");
    private static final List<String> ACCOUNTS = List.of("default", "robot");
    private static final List<Ip> OUTSIDE = List.of(Ip.of("10.10.0.2"), Ip.of("198.51.100.7"), Ip.of("fd00:10::2"), Ip.of("2001:db8:51::7"));
    private static final List<Ip> HOST = List.of(Ip.of("10.10.0.1"), Ip.of("fd00:10::1"));
    private static final List<String> NETS_V4 = List.of("10.244.1.0/24", "10.244.1.0/30", "10.244.1.4/32", "198.51.100.0/24", "10.10.0.0/24", "0.0.0.0/0", "10.244.0.0/16");
    private static final List<String> NETS_V6 = List.of("fd00:10:244:1::/64", "fd00:10:244:1::4/127", "2001:db8::/32", "fd00:10::2/128", "::/0");
    private static final List<Integer> PORTS = List.of(22, 53, 80, 443, 8080, 9090);
    private static final List<String> PORT_NAMES = List.of("http", "dns", "alt", "nosuch");
    private static final int PODS = 6;

    /** Whether host endpoints are among what is made, with policies before translation and before tracking. */
    public static RandomSet of(long seed, boolean hostEndpoints, int flows) {
        return new Maker(seed, hostEndpoints).make(flows);
    }

    @Override
    public String toString() {
        return "seed " + seed;
    }

    /** One cast of the dice after the other. */
    private static final class Maker {

        private final long seed;
        private final boolean hostEndpoints;
        private final Random dice;
        private final List<Resource> resources = new ArrayList<>(Defaulted.TIERS);
        private final List<String> interfaces = new ArrayList<>();
        private final List<String> tiers = new ArrayList<>(List.of("default", "default"));

        Maker(long seed, boolean hostEndpoints) {
            this.seed = seed;
            this.hostEndpoints = hostEndpoints;
            this.dice = new Random(seed);
        }

        RandomSet make(int flows) {
            for (String namespace : NAMESPACES) {
                profile("kns." + namespace, "pcns.", true);
                ACCOUNTS.forEach(account -> profile("ksa." + namespace + "." + account, "pcsa.", false));
            }
            profile("own", "", dice.nextBoolean());
            for (int i = 0; i < PODS; i++) {
                pod(i);
            }
            times(2, i -> tier("t" + i));
            times(3, i -> set("s" + i));
            if (hostEndpoints) {
                hosts();
            }
            times(7, i -> policy("p" + i + of("", "-x", ".y")));
            List<Passage> requests = new ArrayList<>();
            while (requests.size() < flows) {
                request(requests);
            }
            NodeView node = NodeView.of("node", Map.of("eth0", Set.copyOf(HOST), "lo", Set.of(Ip.of("127.0.0.1"), Ip.of("::1"))))
                    .with(ToHost.values()[dice.nextInt(ToHost.values().length)]);
            return new RandomSet(seed, List.copyOf(resources), node, requests);
        }

        private interface Step {
            void make(int i);
        }

        /** Up to {@code most} times. */
        private void times(int most, Step step) {
            int count = dice.nextInt(most + 1);
            for (int i = 0; i < count; i++) {
                step.make(i);
            }
        }

        private boolean chance(int inHundred) {
            return dice.nextInt(100) < inHundred;
        }

        @SafeVarargs
        private <T> T of(T... some) {
            return some[dice.nextInt(some.length)];
        }

        private <T> T of(List<T> some) {
            return some.get(dice.nextInt(some.size()));
        }

        private ObjectNode object(String kind, String name, String namespace) {
            ObjectNode object = Json.object().put("kind", kind);
            ObjectNode metadata = object.putObject("metadata").put("name", name);
            if (!namespace.isEmpty()) {
                metadata.put("namespace", namespace);
            }
            return object;
        }

        private void labels(ObjectNode labels, String prefix) {
            KEYS.forEach(key -> {
                if (chance(60)) {
                    labels.put(prefix + key, of(VALUES));
                }
            });
        }

        private void profile(String name, String prefix, boolean opens) {
            ObjectNode profile = object("Profile", name, "");
            ObjectNode spec = profile.putObject("spec");
            if (opens) {
                spec.putArray("ingress").addObject().put("action", "Allow");
                spec.putArray("egress").addObject().put("action", "Allow");
            } else if (chance(20)) {
                rules(spec, "ingress", "", false);
            }
            labels(spec.putObject("labelsToApply"), prefix);
            resources.add(Objects.resource(profile));
        }

        private void pod(int index) {
            String namespace = NAMESPACES.get(index % NAMESPACES.size());
            String name = "pod" + index;
            String account = of(ACCOUNTS);
            ObjectNode pod = object("WorkloadEndpoint", "node-k8s-" + name + "-eth0", namespace);
            ObjectNode labels = ((ObjectNode) pod.path("metadata")).putObject("labels").put("projectcalico.org/namespace", namespace).put("projectcalico.org/orchestrator", "k8s");
            labels(labels, "");
            interfaces.add(EndpointNames.podInterface(namespace, name));
            ObjectNode spec = pod.putObject("spec").put("orchestrator", "k8s").put("node", "node").put("pod", name).put("endpoint", "eth0").put("serviceAccountName", account);
            spec.putArray("ipNetworks").add(address(index, true) + "/32").add(address(index, false) + "/128");
            ArrayNode profiles = spec.putArray("profiles").add("kns." + namespace).add("ksa." + namespace + "." + account);
            if (chance(10)) {
                profiles.insert(dice.nextInt(3), of("own", "missing"));
            }
            spec.put("interfaceName", interfaces.getLast()).put("mac", "02:00:00:00:00:0" + index);
            ArrayNode ports = spec.putArray("ports");
            times(4, i -> ports.addObject().put("name", of(PORT_NAMES)).put("protocol", of("TCP", "UDP", "SCTP")).put("port", of(PORTS).intValue()));
            resources.add(Objects.resource(pod));
        }

        private static Ip address(int index, boolean v4) {
            return Ip.of(v4 ? "10.244.1." + (index + 2) : "fd00:10:244:1::" + (index + 2));
        }

        private void tier(String name) {
            ObjectNode tier = object("Tier", name, "");
            ObjectNode spec = tier.putObject("spec").put("defaultAction", of("Deny", "Pass"));
            if (chance(80)) {
                spec.put("order", of(10, 20, 1_000_000, 2_000_000).intValue());
            }
            tiers.add(name);
            resources.add(Objects.resource(tier));
        }

        private void set(String name) {
            boolean global = chance(50);
            ObjectNode set = object(global ? "GlobalNetworkSet" : "NetworkSet", name, global ? "" : of(NAMESPACES));
            labels(((ObjectNode) set.path("metadata")).putObject("labels"), "");
            ArrayNode nets = set.putObject("spec").putArray("nets");
            times(4, i -> nets.add(of(of(NETS_V4), of(NETS_V6))));
            resources.add(Objects.resource(set));
        }

        private void hosts() {
            if (chance(80)) {
                host("hep-eth0", "eth0");
            }
            if (chance(50)) {
                host("hep-all", "*");
            }
        }

        private void host(String name, String interfaceName) {
            ObjectNode host = object("HostEndpoint", name, "");
            labels(((ObjectNode) host.path("metadata")).putObject("labels").put("hep", "yes"), "");
            ObjectNode spec = host.putObject("spec").put("node", "node").put("interfaceName", interfaceName);
            ArrayNode ips = spec.putArray("expectedIPs");
            HOST.forEach(ip -> ips.add(ip.toString()));
            if (chance(30)) {
                spec.putArray("profiles").add("own");
            }
            spec.putArray("ports").addObject().put("name", of(PORT_NAMES)).put("protocol", "TCP").put("port", of(PORTS).intValue());
            resources.add(Objects.resource(host));
        }

        private void policy(String name) {
            boolean global = chance(hostEndpoints ? 70 : 40);
            String namespace = global ? "" : of(NAMESPACES);
            String staged = chance(5) ? "Staged" : "";
            ObjectNode policy = object(staged + (global ? "GlobalNetworkPolicy" : "NetworkPolicy"), name, namespace);
            ObjectNode spec = policy.putObject("spec").put("tier", chance(4) ? "nowhere" : of(tiers));
            if (chance(70)) {
                spec.put("order", of(1.0, 10.0, 10.5, 50.0).doubleValue());
            }
            if (chance(80)) {
                spec.put("selector", hostEndpoints && global && chance(50) ? "has(hep)" : selector(2));
            }
            if (global && chance(20)) {
                spec.put("namespaceSelector", selector(1));
            }
            if (chance(15)) {
                spec.put("serviceAccountSelector", selector(1));
            }
            boolean preDnat = global && hostEndpoints && chance(15);
            boolean untracked = global && hostEndpoints && !preDnat && chance(15);
            if (preDnat || untracked || global && chance(40)) {
                spec.put("applyOnForward", true);
            }
            if (preDnat) {
                spec.put("preDNAT", true);
            } else if (untracked) {
                spec.put("doNotTrack", true);
            }
            ArrayNode types = spec.putArray("types");
            if (preDnat || chance(70)) {
                types.add("Ingress");
                rules(spec, "ingress", namespace, global);
            }
            if (!preDnat && (types.isEmpty() || chance(60))) {
                types.add("Egress");
                rules(spec, "egress", namespace, global);
            }
            resources.add(Objects.resource(policy));
        }

        private void rules(ObjectNode spec, String direction, String namespace, boolean global) {
            ArrayNode rules = spec.putArray(direction);
            times(4, i -> rule(rules.addObject(), !namespace.isEmpty() || global));
        }

        private void rule(ObjectNode rule, boolean ofPolicy) {
            rule.put("action", of("Allow", "Allow", "Deny", "Log", ofPolicy ? "Pass" : "Deny"));
            boolean ported = false;
            if (chance(70)) {
                switch (dice.nextInt(6)) {
                    case 0 -> icmp(rule);
                    case 1 -> rule.put("protocol", of(47, 6, 17).intValue());
                    case 2 -> rule.put("notProtocol", of("UDP", "TCP", "SCTP"));
                    default -> {
                        rule.put("protocol", of("TCP", "TCP", "UDP", "SCTP"));
                        ported = true;
                    }
                }
            }
            if (chance(8)) {
                rule.put("ipVersion", of(4, 6).intValue());
            }
            end(rule.putObject("source"), ported && chance(25), ofPolicy);
            end(rule.putObject("destination"), ported && chance(60), ofPolicy);
            if (chance(5)) {
                rule.putObject("metadata").putObject("annotations").put("ticket", "77").put("who", "a b");
            }
        }

        private void icmp(ObjectNode rule) {
            boolean v4 = chance(60);
            rule.put("protocol", v4 ? "ICMP" : "ICMPv6");
            if (chance(60)) {
                ObjectNode icmp = rule.putObject(of("icmp", "notICMP")).put("type", v4 ? of(8, 13, 0) : of(128, 129));
                if (chance(30)) {
                    icmp.put("code", of(0, 1).intValue());
                }
            }
        }

        private void end(ObjectNode end, boolean ported, boolean ofPolicy) {
            if (chance(25)) {
                nets(end.putArray("nets"), chance(80));
            }
            if (chance(12)) {
                nets(end.putArray("notNets"), chance(80));
            }
            if (chance(30)) {
                end.put("selector", selector(2));
            }
            if (chance(12)) {
                end.put("notSelector", selector(1));
            }
            if (ofPolicy && chance(15)) {
                end.put("namespaceSelector", of("all()", "global()", selector(1)));
            }
            if (ofPolicy && chance(8)) {
                ObjectNode accounts = end.putObject("serviceAccounts");
                if (chance(60)) {
                    accounts.putArray("names").add(of(ACCOUNTS));
                } else {
                    accounts.put("selector", selector(1));
                }
            }
            if (ported) {
                ports(end.putArray("ports"));
                if (chance(20)) {
                    ports(end.putArray("notPorts"));
                }
            }
        }

        private void nets(ArrayNode nets, boolean v4) {
            int count = 1 + dice.nextInt(3);
            for (int i = 0; i < count; i++) {
                nets.add(of(v4 ? NETS_V4 : NETS_V6));
            }
        }

        private void ports(ArrayNode ports) {
            int count = chance(10) ? 20 : 1 + dice.nextInt(3);
            for (int i = 0; i < count; i++) {
                switch (dice.nextInt(4)) {
                    case 0 -> ports.add(of("50:90", "8000:8999", "1:65535"));
                    case 1 -> ports.add(of(PORT_NAMES));
                    default -> ports.add(count > 10 ? 1000 + i * 2 : of(PORTS).intValue());
                }
            }
        }

        private String selector(int depth) {
            if (depth > 0 && chance(35)) {
                String inner = selector(depth - 1) + of(" && ", " || ") + selector(depth - 1);
                return chance(20) ? "!(" + inner + ")" : chance(50) ? "(" + inner + ")" : inner;
            }
            String key = of(KEYS);
            String value = "'" + of(VALUES) + "'";
            return switch (dice.nextInt(10)) {
                case 0 -> "all()";
                case 1 -> "has(" + key + ")";
                case 2 -> "!has(" + key + ")";
                case 3 -> key + " != " + value;
                case 4 -> key + " in {" + value + ", 'b'}";
                case 5 -> key + " not in {" + value + "}";
                case 6 -> key + of(" contains ", " starts with ", " ends with ") + value;
                default -> key + " == " + value;
            };
        }

        private void request(List<Passage> requests) {
            boolean v4 = chance(70);
            int from = dice.nextInt(PODS + 2);
            int to = dice.nextInt(PODS + 2);
            if (from == to) {
                return;
            }
            Flow flow = flow(place(from, v4), place(to, v4));
            String in = from < PODS ? interfaces.get(from) : from == PODS ? "" : "eth0";
            String out = to < PODS ? interfaces.get(to) : to == PODS ? "" : "eth0";
            if (hostEndpoints && to < PODS && from != PODS && flow.destinationPort() > 0 && chance(15)) {
                Flow arriving = new Flow(flow.source(), HOST.get(v4 ? 0 : 1), flow.protocol(), flow.sourcePort(), of(80, 30_080).intValue(), -1, -1);
                requests.add(new Passage(in, out, arriving, flow, State.NEW));
                return;
            }
            requests.add(Passage.of(in, out, flow));
        }

        private Ip place(int index, boolean v4) {
            return index < PODS ? address(index, v4) : index == PODS ? HOST.get(v4 ? 0 : 1) : OUTSIDE.get((v4 ? 0 : 2) + dice.nextInt(2));
        }

        private Flow flow(Ip source, Ip destination) {
            return switch (dice.nextInt(8)) {
                case 0 -> source.isV4() ? Flow.icmp(source, destination, of(8, 13), 0) : Flow.icmp(source, destination, 128, 0);
                case 1 -> Flow.bare(source, destination, 47);
                case 2 -> Flow.ports(source, destination, 132, 33_333, of(PORTS));
                case 3, 4 -> Flow.ports(source, destination, 17, of(33_333, 53), of(PORTS));
                default -> Flow.ports(source, destination, 6, of(33_333, 33_333, 443), of(PORTS));
            };
        }
    }
}
