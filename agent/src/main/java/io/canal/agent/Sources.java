package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.lease.Standing;
import io.canal.lease.keeper.KeeperListener;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.reconcile.ApplyLoop;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Brings what the keeper of our subnet tells of the network into facts, tables and conditions. */
final class Sources implements KeeperListener {

    private static final String PART = "etcd";
    private static final int MOST = 5;
    private static final Set<Standing> OPERATORS = EnumSet.of(Standing.BLOCKED, Standing.STOLEN, Standing.UNREADABLE);

    private final ApplyLoop loop;
    private final Tables tables;
    private final Facts facts;
    private final NetworkMemory memory;
    private final Conditions conditions;
    private final long firstGeneration;
    private final Runnable onInSync;
    private volatile KeeperStanding standing = KeeperStanding.START;
    /** What the tables of the present pass allow; written on the loop's thread only. */
    private volatile boolean wholeInPass;

    /**
     * For one link to etcd.
     *
     * @param firstGeneration of the subnets of this link, each keeper counts from 0: greater than any of the links before
     * @param onInSync told, on the keeper's thread, when all of the network is known and etcd answers: at first, and again after
     *     each time that it was away
     */
    Sources(ApplyLoop loop, Tables tables, Facts facts, NetworkMemory memory, Conditions conditions, long firstGeneration, Runnable onInSync) {
        this.loop = loop;
        this.tables = tables;
        this.facts = facts;
        this.memory = memory;
        this.conditions = conditions;
        this.firstGeneration = firstGeneration;
        this.onInSync = onInSync;
    }

    /** How the keeper stands with etcd. */
    KeeperStanding standing() {
        return standing;
    }

    /**
     * Whether what the tables do not name may be removed; for the loop's thread. Only what was written before the present pass counts:
     * a network that becomes whole during it is not in its tables. And while it is not known which subnet is ours, what the node has for
     * it (address, blackhole, masquerade rules) looks as if nobody wanted it.
     */
    boolean mayRemove() {
        OwnSubnet own = facts.inPass().own();
        return wholeInPass && standing.mayRemove() && (own.subnet().isPresent() || own.standing() != Standing.WAITING);
    }

    @Override
    public void together(Runnable telling) {
        loop.together(telling);
    }

    @Override
    public void network(NetworkConfig config) {
        memory.learn(config);
        facts.change(known -> known.withNetwork(config));
    }

    @Override
    public void peersListed(Map<SubnetKey, LeaseValue> peers) {
        loop.write(() -> tables.replacePeers(peers));
    }

    @Override
    public void peersChanged(Map<SubnetKey, Optional<LeaseValue>> changes) {
        loop.write(() -> changes.forEach(tables::changePeer));
    }

    @Override
    public void own(OwnSubnet own) {
        facts.change(known -> known.withOwn(own.later(firstGeneration)));
        tell(standing, own);
    }

    @Override
    public void standing(KeeperStanding now) {
        KeeperStanding before = standing;
        standing = now;
        tell(now, facts.latest().own());
        if (now.mayRemove() != before.mayRemove()) {
            loop.write(() -> wholeInPass = now.mayRemove());
        } else if (now.inSync() != before.inSync()) {
            // What waits in the tables for the whole to be known is taken up in a pass.
            loop.write(() -> { });
        }
        if (now.inSync() && now.watchAlive() && !(before.inSync() && before.watchAlive())) {
            onInSync.run();
        }
    }

    private void tell(KeeperStanding now, OwnSubnet own) {
        List<String> problems = now.problems().stream().map(Sources::sentence).toList();
        boolean operator = OPERATORS.contains(own.standing());
        boolean whole = now.watchAlive() && now.inSync() && own.standing() == Standing.HELD;
        conditions.set(PART, Weight.BLOCKED, operator ? problems : List.of());
        conditions.set(PART, Weight.NOT_READY, operator || whole ? List.of() : waiting(now, problems));
        // A bad value of another node damages its own row only: we are ready all the same.
        List<String> notes = Stream.concat(now.notes().stream().map(Sources::sentence), problems.stream().filter(_ -> whole)).toList();
        conditions.set(PART, Weight.NOTE, few(notes));
    }

    private static List<String> waiting(KeeperStanding now, List<String> problems) {
        if (!problems.isEmpty()) {
            return few(problems);
        }
        if (!now.watchAlive()) {
            return List.of("etcd does not answer.");
        }
        return List.of(now.inSync() ? "This node has no subnet yet." : "The network is not wholly known yet.");
    }

    private static List<String> few(List<String> problems) {
        if (problems.size() <= MOST) {
            return problems;
        }
        List<String> first = new ArrayList<>(problems.subList(0, MOST));
        first.add("There are " + (problems.size() - MOST) + " more problems of that kind.");
        return first;
    }

    /** With a capital letter and a full stop: problems begin with what they are about. */
    static String sentence(String problem) {
        String text = problem.isEmpty() || problem.startsWith("/") || problem.startsWith("etcd") ? problem
                : Character.toUpperCase(problem.charAt(0)) + problem.substring(1);
        return text.endsWith(".") ? text : text + ".";
    }
}
