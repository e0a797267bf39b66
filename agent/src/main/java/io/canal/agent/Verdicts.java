package io.canal.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.ControlServer.Refusal;
import io.canal.dataplane.filter.LiveRules;
import io.canal.dataplane.filter.LiveRules.Seen;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint;
import io.canal.model.Problem;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Passage;
import io.canal.policy.rules.CountedPolicy;
import io.canal.policy.rules.Failsafe;
import io.canal.policy.rules.RuleSettings;
import io.canal.reconcile.ApplyLoop;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What this node's kernel does with a packet, for {@code canal why}: its rules are read back and executed, in the calling thread's network
 * namespace. What is in force here is told as well, so that who asks can work out for himself what policy makes of it.
 */
final class Verdicts {

    private static final long WITHIN_SECONDS = 5;

    private final ApplyLoop loop;
    private final PacketFilter filter;
    private final Map<String, LocalEndpoint> endpoints;
    private final Supplier<String> nodename;
    private final Supplier<List<String>> earlier;

    /** As of one pass of the loop. */
    private record InForce(RuleSettings settings, List<CountedPolicy> policies, List<LocalEndpoint> endpoints, List<String> earlier) {}

    /**
     * @param endpoints the pods of this node, by interface; belongs to the loop's thread
     * @param earlier the keys of etcd of which an earlier version is in force; belongs to the loop's thread
     */
    Verdicts(ApplyLoop loop, PacketFilter filter, Map<String, LocalEndpoint> endpoints, Supplier<String> nodename, Supplier<List<String>> earlier) {
        this.earlier = earlier;
        this.loop = loop;
        this.filter = filter;
        this.endpoints = endpoints;
        this.nodename = nodename;
    }

    ObjectNode answer(ObjectNode request) throws Refusal {
        InForce now = inForce();
        Ip source = address("source", request, now.endpoints);
        Ip destination = address("destination", request, now.endpoints);
        if (source.family() != destination.family()) {
            throw new Refusal("A packet needs two addresses of one family.");
        }
        int type = request.path("icmp-type").asInt(-1);
        Flow flow = new Flow(source, destination, request.path("protocol").asInt(), request.path("source-port").asInt(),
                request.path("destination-port").asInt(), type, type < 0 ? -1 : 0);
        try (Rtnl rtnl = Rtnl.open()) {
            boolean told = request.has("in") || request.has("out");
            String in = told ? request.path("in").asText() : interfaceTo(rtnl, source);
            String out = told ? request.path("out").asText() : interfaceTo(rtnl, destination);
            if (in.isEmpty() && out.isEmpty()) {
                throw new Refusal("A packet comes in by an interface or goes out by one; " + source + " and " + destination + " are both this node's.");
            }
            ObjectNode reply = Json.object().put("node", nodename.get()).put("in", in).put("out", out);
            tell(now.settings, reply);
            now.earlier.forEach(reply.putArray("earlier")::add);
            ObjectNode interfaces = reply.putObject("interfaces");
            for (String each : new String[] {in, out}) {
                if (!each.isEmpty()) {
                    ArrayNode addresses = interfaces.putArray(each);
                    addresses(rtnl, each).forEach(address -> addresses.add(address.toString()));
                }
            }
            LiveRules.Verdict verdict = LiveRules.read().orElseThrow(() -> new Refusal("The kernel has no rules of canal's.")).judge(Passage.of(in, out, flow));
            reply.put("dataplane", verdict.dataplane()).put("through", verdict.through()).put("rule", verdict.rule());
            ArrayNode rules = reply.putArray("rules");
            List<Family> families = verdict.dataplane().equals("nftables") ? List.of(Family.values()) : List.of(source.family());
            verdict.rules().forEach(rule -> tell(rule, families, now.policies, rules.addObject()));
            return reply;
        } catch (IOException | IllegalArgumentException | IllegalStateException unreadable) {
            throw new Refusal("The rules cannot be read: " + unreadable.getMessage() + ".");
        }
    }

    private InForce inForce() throws Refusal {
        CompletableFuture<InForce> asked = new CompletableFuture<>();
        loop.write(() -> asked.complete(new InForce(filter.settings(), filter.counted(), List.copyOf(endpoints.values()), earlier.get())));
        try {
            return asked.get(WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException late) {
            throw new Refusal("The policies could not be asked for within " + WITHIN_SECONDS + " s.");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new Refusal("The agent is ending.");
        }
    }

    /** An address, or that of a pod of this node; of two that of the family that {@code v4} says. */
    private static Ip address(String field, ObjectNode request, List<LocalEndpoint> endpoints) throws Refusal {
        String text = request.path(field).asText();
        boolean v4 = request.path("v4").asBoolean(true);
        Optional<Ip> address = Ip.parse(text).or(() -> endpoints.stream().filter(pod -> (pod.namespace() + "/" + pod.workload()).equals(text) || pod.workload().equals(text))
                .flatMap(pod -> pod.addresses().stream()).filter(ip -> ip.isV4() == v4).findFirst());
        return address.orElseThrow(() -> new Refusal(new Problem("parameter " + field, "", text, "an IP address, or a pod of this node as NAMESPACE/NAME").sentence() + "."));
    }

    /** The interface that packets to and from an address take; empty where it is an address of this node. */
    private String interfaceTo(Rtnl rtnl, Ip address) throws KernelException, Refusal {
        Optional<Route.Hop> hop = rtnl.hop(address);
        if (hop.isPresent() && hop.get().local()) {
            return "";
        }
        Optional<Link> link = hop.isPresent() ? rtnl.link(hop.get().link()) : Optional.empty();
        return link.map(Link::name).orElseThrow(() -> new Refusal("The node " + nodename.get() + " has no route to " + address + "."));
    }

    private static List<Ip> addresses(Rtnl rtnl, String link) throws KernelException {
        Optional<Link> found = rtnl.link(link);
        return found.isEmpty() ? List.of() : rtnl.addresses(found.get().index()).stream().map(address -> address.address().address()).toList();
    }

    private static void tell(RuleSettings settings, ObjectNode reply) {
        reply.put("to-host", settings.endpointToHost().name()).put("spoofing", settings.spoofing());
        failsafes(settings.failsafeInbound(), reply.putArray("failsafe-inbound"));
        failsafes(settings.failsafeOutbound(), reply.putArray("failsafe-outbound"));
        ArrayNode guarded = reply.putArray("guarded-ports");
        settings.overlayPorts().forEach(guarded::add);
        if (!settings.vxlanFromWorkloads()) {
            guarded.add(settings.vxlanPort());
        }
        ArrayNode services = reply.putArray("service-blocks");
        settings.serviceBlocks().stream().map(Cidr::toString).forEach(services::add);
    }

    private static void failsafes(List<Failsafe> failsafes, ArrayNode list) {
        failsafes.forEach(each -> list.addObject().put("protocol", each.protocol()).put("net", each.net().map(Cidr::toString).orElse("")).put("port", each.port()));
    }

    /** @param families those whose rules stand in one chain */
    static void tell(Seen seen, List<Family> families, List<CountedPolicy> policies, ObjectNode rule) {
        rule.put("chain", seen.met().chain()).put("rule", seen.met().rule()).put("comment", seen.met().comment()).put("ends", seen.met().ends());
        seen.met().sets().forEach(rule.putArray("sets")::add);
        seen.count().ifPresent(count -> rule.put("packets", count.packets()).put("bytes", count.bytes()));
        for (CountedPolicy policy : policies) {
            policy.chains().stream().filter(seen::isIn).findFirst().ifPresent(chain -> {
                OptionalInt owner = policy.owner(chain, families, seen.met().rule());
                rule.put("kind", policy.id().kind().title()).put("namespace", policy.id().namespace()).put("name", policy.id().name())
                        .put("direction", policy.ingress() ? "ingress" : "egress").put("index", owner.orElse(-1));
                owner.ifPresent(index -> rule.put("action", policy.actions().get(index).name().toLowerCase(Locale.ROOT)));
            });
        }
    }
}
