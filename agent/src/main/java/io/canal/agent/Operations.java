package io.canal.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.agent.NetworkPut.Outcome;
import io.canal.config.Options;
import io.canal.control.ControlServer;
import io.canal.control.ControlServer.Operation;
import io.canal.control.ControlServer.Refusal;
import io.canal.control.Op;
import io.canal.lease.Reclaim;
import io.canal.lease.keeper.LeaseKeeper;
import io.canal.lease.keeper.LeaseRow;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the charm and operators may ask of the agent. */
final class Operations {

    private static final Logger log = LoggerFactory.getLogger(Operations.class);
    private static final long TIME_TO_REPLY_MILLIS = 300;

    private final Agent agent;

    Operations(Agent agent) {
        this.agent = agent;
    }

    Map<String, Operation> table() {
        Map<String, Operation> all = new HashMap<>(Map.of(
                Op.STATUS, _ -> agent.status().encode(),
                Op.RELOAD, _ -> reload(),
                Op.RENDER, _ -> render(),
                Op.PUT_NETWORK, this::putNetwork,
                Op.LEASES, _ -> leases(),
                Op.RELEASE_LEASE, this::release,
                Op.UNIT_GONE, this::unitGone,
                Op.VERDICT, request -> agent.verdicts().answer(request),
                Op.REPAIR, this::repair,
                Op.LEAVE, _ -> leave()));
        all.put(Op.POLICIES, this::policies);
        all.put(Op.POLICY_REVISION, _ -> Json.object().put("revision", agent.policyRevision()));
        return all;
    }

    private ObjectNode reload() throws Refusal {
        try {
            Optional<Problem> problem = agent.reload();
            if (problem.isPresent()) {
                throw new Refusal(problem.get().sentence() + "; the last good configuration stays in force.");
            }
            return agent.status().encode();
        } catch (IOException failure) {
            throw new Refusal(failure.getMessage() + ".");
        }
    }

    private ObjectNode render() throws Refusal {
        try {
            return Json.object().put("digest", ControlServer.orRefuse(agent.render()));
        } catch (IOException failure) {
            throw new Refusal(failure.getMessage() + ".");
        }
    }

    private ObjectNode putNetwork(ObjectNode request) throws Refusal {
        return switch (agent.etcd().putNetwork(Json.compact(request.path("network")))) {
            case Outcome.Done() -> Json.object().put("spooled", false);
            case Outcome.Waits(String reason) -> Json.object().put("spooled", true).put("reason", reason);
            case Outcome.Refused(String sentence) -> throw new Refusal(Sources.sentence(sentence));
        };
    }

    private ObjectNode leases() throws Refusal {
        LeaseKeeper keeper = keeper();
        ObjectNode reply = Json.object();
        ArrayNode list = reply.putArray("leases");
        for (LeaseRow row : asked(keeper::leases)) {
            Optional<LeaseValue> value = row.lease().or(() -> row.holder().map(HolderRecord::lease));
            list.addObject()
                    .put("subnet", row.subnet().pretty())
                    .put("public-ip", value.map(lease -> lease.publicAddress(Ip.Family.V4).or(lease::publicIpv6).map(Ip::toString).orElse("")).orElse(""))
                    .put("node", row.holder().map(HolderRecord::nodename).orElse(""))
                    .put("unit", row.holder().map(HolderRecord::unit).orElse(""))
                    .put("expires", row.lease().isEmpty() ? "expired" : row.reservation() ? "never" : "with its node")
                    .put("holder", row.holder().isPresent())
                    .put("own", row.holder().filter(holder -> holder.node().equals(keeper.nodeId())).isPresent())
                    .put("session", row.alive());
        }
        return reply;
    }

    private ObjectNode release(ObjectNode request) throws Refusal {
        // Written with a slash as people do, or with flannel's dash.
        String text = request.path("subnet").asText().replace('/', '-').replace(", ", "&");
        if (text.contains(":") && !text.contains("&")) {
            // Of IPv6 alone, as list-leases prints it; its key names no subnet of IPv4.
            text = SubnetKey.WITHOUT_V4 + text;
        }
        SubnetKey subnet = ControlServer.orRefuse(SubnetKey.parse("parameter subnet", text));
        LeaseKeeper keeper = keeper();
        Optional<String> refusal = asked(() -> keeper.release(subnet));
        if (refusal.isPresent()) {
            throw new Refusal(Sources.sentence(refusal.get()));
        }
        return Json.object();
    }

    private ObjectNode unitGone(ObjectNode request) throws Refusal {
        String unit = ControlServer.orRefuse(Options.unit("parameter unit", "", request.path("unit").asText()));
        try {
            agent.departed().gone(unit);
            return Json.object();
        } catch (IOException failure) {
            throw new Refusal("The departure of " + unit + " could not be noted: " + failure.getMessage() + ".");
        }
    }

    private ObjectNode policies(ObjectNode request) throws Refusal {
        try {
            return agent.hits().tell(request.path("policy").asText());
        } catch (IOException failure) {
            throw new Refusal("What the policies have met cannot be read: " + failure.getMessage() + ".");
        }
    }

    private ObjectNode repair(ObjectNode request) throws Refusal {
        boolean acceptEtcd = request.path("accept-etcd").asBoolean();
        boolean allowRenumber = request.path("allow-renumber").asBoolean();
        boolean dryRun = request.path("dry-run").asBoolean();
        List<String> plan = new ArrayList<>();
        List<String> left = new ArrayList<>();
        reclaim(dryRun, plan, left);
        if (acceptEtcd) {
            plan.add("Take the etcd that answers now as the right one, give it the network's configuration if it has none, and remove what it does not name.");
        }
        if (allowRenumber) {
            plan.add("Take a new subnet if this node's one is lost, although pods have addresses of it.");
        }
        List<String> done = List.of();
        if (!dryRun) {
            LeaseKeeper keeper = acceptEtcd || allowRenumber ? keeper() : null;
            if (keeper != null && acceptEtcd) {
                keeper.acceptEtcd();
                asked(agent.etcd()::restoreNetwork).ifPresent(left::add);
            }
            if (keeper != null && allowRenumber) {
                keeper.allowRenumber();
            }
            try {
                left.addAll(agent.mend());
                done = plan;
            } catch (IOException failure) {
                throw new Refusal(failure.getMessage() + ".");
            }
        }
        ObjectNode reply = Json.object();
        plan.forEach(reply.putArray("plan")::add);
        done.forEach(reply.putArray("done")::add);
        left.forEach(reply.putArray("left")::add);
        return reply;
    }

    /** The node's own record in etcd, where it was damaged: a subnet that it can keep is better than a new one. */
    private void reclaim(boolean dryRun, List<String> plan, List<String> left) {
        try {
            Optional<LeaseKeeper> keeper = agent.etcd().keeper();
            switch (keeper.isPresent() ? keeper.get().reclaim(dryRun) : new Reclaim.Plan.Nothing()) {
                case Reclaim.Plan.Nothing() -> { }
                case Reclaim.Plan.Do(Txn ignored, String sentence) -> plan.add(sentence);
                case Reclaim.Plan.Refused(String sentence) -> left.add(Sources.sentence(sentence));
            }
        } catch (StoreException away) {
            left.add(Sources.sentence(String.valueOf(away.getMessage())));
        }
    }

    private ObjectNode leave() {
        List<String> left = agent.leave();
        log.info("canal has left this node; left over: {}", left);
        Thread.ofPlatform().name("leave").start(() -> {
            try {
                Thread.sleep(TIME_TO_REPLY_MILLIS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            System.exit(0);
        });
        ObjectNode reply = Json.object();
        left.forEach(reply.putArray("left")::add);
        return reply;
    }

    private LeaseKeeper keeper() throws Refusal {
        return agent.etcd().keeper().orElseThrow(() -> new Refusal("The configuration names no etcd yet."));
    }

    private interface Question<T> {
        T ask() throws StoreException;
    }

    private static <T> T asked(Question<T> question) throws Refusal {
        try {
            return question.ask();
        } catch (StoreException away) {
            throw new Refusal(Sources.sentence(String.valueOf(away.getMessage())));
        }
    }
}
