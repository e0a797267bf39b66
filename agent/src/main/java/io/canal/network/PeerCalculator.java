package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * From the peers' leases to routes, neighbours and forwarding entries.
 *
 * <p>Incremental: {@link #peer} and {@link #local} note what changed, {@link #calculate} works only on that and on what it touches.
 * Deterministic: what comes out depends on the present input, not on the order in which it came. Where two peers cannot both be
 * (their subnets overlap, or one MAC is at two addresses), the lower subnet is carried and the other is a {@link Problem}; what
 * is ours comes before any peer. Two leases with one MAC at one address are one node that changed its subnet, and no conflict.
 */
public final class PeerCalculator {

    private final Claims<Cidr, Hop> routes;
    private final Claims<Ip, Mac> neighbours;
    private final Claims<FarEnd, Ip> farEnds;
    private final Wanted<Cidr, Hop> ownRoutes;

    private final Map<SubnetKey, LeaseValue> leases = new HashMap<>();
    private final Map<SubnetKey, Row> rows = new HashMap<>();
    private final Map<SubnetKey, List<Problem>> problems = new TreeMap<>(PeerOrder.INSTANCE);
    private final Overlaps overlaps = new Overlaps();
    private final Map<FarEnd, List<SubnetKey>> byFarEnd = new HashMap<>();
    private final TreeSet<SubnetKey> dirty = new TreeSet<>(PeerOrder.INSTANCE);

    private @Nullable Forms forms;
    private @Nullable LocalNetwork local;
    private Map<Family, Mac> ownMacs = Map.of();
    private Set<Cidr> blackholes = Set.of();

    /** What is worked out for one peer: its forms, whether it is carried, and what it then asks for. */
    private record Row(List<Form> forms, boolean carried, List<Ask> asks) {

        static final Row NONE = new Row(List.of(), false, List.of());
    }

    public PeerCalculator(Wanted<Cidr, Hop> routes, Wanted<Ip, Mac> neighbours, Wanted<FarEnd, Ip> farEnds) {
        this.routes = new Claims<>(routes);
        this.neighbours = new Claims<>(neighbours);
        this.farEnds = new Claims<>(farEnds);
        ownRoutes = routes;
    }

    /**
     * What this node is, and the MACs of its tunnels as far as they are known. A change concerns all peers.
     *
     * @return whether it is a change
     */
    public boolean local(LocalNetwork now, Map<Family, Mac> macs) {
        if (now.equals(local) && macs.equals(ownMacs)) {
            return false;
        }
        local = now;
        ownMacs = Map.copyOf(macs);
        forms = new Forms(now);
        dirty.addAll(leases.keySet());
        return true;
    }

    /** A peer's lease, or that it has none any more. */
    public void peer(SubnetKey key, Optional<LeaseValue> lease) {
        lease.ifPresentOrElse(value -> leases.put(key, value), () -> leases.remove(key));
        dirty.add(key);
    }

    /** Brings the desired state up to date; nothing happens before {@link #local} was called. */
    public void calculate() {
        if (local == null) {
            return;
        }
        // A block may pass from us to a peer or back: what is given up comes first, what is taken last.
        Set<Cidr> own = local.subnet().map(subnet -> Set.copyOf(subnet.cidrs())).orElse(Set.of());
        blackholes.stream().filter(block -> !own.contains(block)).forEach(ownRoutes::unwant);
        // In ascending order: a peer's fate depends on lower ones only, and its change is passed on to higher ones only.
        while (!dirty.isEmpty()) {
            work(Objects.requireNonNull(dirty.pollFirst()));
        }
        own.stream().filter(block -> !blackholes.contains(block)).forEach(block -> ownRoutes.want(block, new Hop.Blackhole()));
        blackholes = own;
    }

    /** What is wrong with peers, in the order of their subnets. */
    public List<Problem> problems() {
        return problems.values().stream().flatMap(List::stream).toList();
    }

    private void work(SubnetKey key) {
        Row before = rows.getOrDefault(key, Row.NONE);
        LeaseValue lease = leases.get(key);
        List<Form> forms = lease == null || this.forms == null ? List.of() : this.forms.of(key, lease);
        List<SubnetKey> overlapping = overlaps.of(key);
        Optional<Problem> conflict = forms.isEmpty() ? Optional.empty() : conflict(key, forms, overlapping);
        note(key, forms, conflict);
        boolean carried = conflict.isEmpty() && forms.stream().anyMatch(form -> !(form instanceof Form.Unreachable));
        if (carried == before.carried && forms.equals(before.forms)) {
            return;
        }
        Row row = new Row(forms, carried, carried ? Ask.of(forms) : List.of());
        // What this peer blocked or freed so far, and what it does from now on.
        before.forms.forEach(form -> sharers(form).forEach(other -> touch(key, other)));
        forms.forEach(form -> sharers(form).forEach(other -> touch(key, other)));
        overlapping.forEach(other -> touch(key, other));
        unindex(key, before);
        index(key, row);
        for (Ask ask : row.asks) {
            claim(key, ask);
        }
        for (Ask ask : before.asks) {
            if (row.asks.stream().noneMatch(ask::isOfSameObject)) {
                withdraw(key, ask);
            }
        }
    }

    private void touch(SubnetKey key, SubnetKey other) {
        if (PeerOrder.INSTANCE.compare(other, key) > 0) {
            dirty.add(other);
        }
    }

    private void note(SubnetKey key, List<Form> forms, Optional<Problem> conflict) {
        List<Problem> wrong = new ArrayList<>(0);
        for (Form form : forms) {
            if (form instanceof Form.Unreachable(Problem problem)) {
                wrong.add(problem);
            }
        }
        conflict.ifPresent(wrong::add);
        if (wrong.isEmpty()) {
            problems.remove(key);
        } else {
            problems.put(key, wrong);
        }
    }

    /** Why this peer cannot be carried beside what is ours and beside the lower peers that are. */
    private Optional<Problem> conflict(SubnetKey key, List<Form> candidate, List<SubnetKey> overlapping) {
        SubnetKey own = local == null ? null : local.subnet().orElse(null);
        if (own != null && own.overlaps(key)) {
            return Optional.of(new Problem(Forms.where(key), "", key.pretty(), "a subnet apart from our own " + own.pretty()));
        }
        for (SubnetKey other : overlapping) {
            if (isCarriedBefore(other, key)) {
                return Optional.of(new Problem(Forms.where(key), "", key.pretty(), "a subnet apart from that of lease " + other + ", which is carried"));
            }
        }
        for (Form form : candidate) {
            if (form instanceof Form.Through through) {
                Optional<Problem> taken = taken(key, through);
                if (taken.isPresent()) {
                    return taken;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Problem> taken(SubnetKey key, Form.Through through) {
        Family family = through.subnet().family();
        String field = family == Family.V4 ? "BackendData.VtepMAC" : "BackendV6Data.VtepMAC";
        if (through.mac().equals(ownMacs.get(family))) {
            return Optional.of(new Problem(Forms.where(key), field, through.mac().toString(), "a MAC other than that of our own tunnel"));
        }
        for (SubnetKey other : sharers(through)) {
            if (isCarriedBefore(other, key) && !remotes(other, family).contains(through.remote())) {
                return Optional.of(new Problem(Forms.where(key), field, through.mac().toString(),
                        "a MAC other than that of lease " + other + ", which is carried"));
            }
        }
        return Optional.empty();
    }

    private boolean isCarriedBefore(SubnetKey other, SubnetKey key) {
        Row row = rows.get(other);
        return row != null && row.carried && PeerOrder.INSTANCE.compare(other, key) < 0;
    }

    private List<Ip> remotes(SubnetKey key, Family family) {
        List<Ip> remotes = new ArrayList<>();
        for (Form form : Objects.requireNonNull(rows.get(key)).forms) {
            if (form instanceof Form.Through through && through.subnet().family() == family) {
                remotes.add(through.remote());
            }
        }
        return remotes;
    }

    /** The peers, this one included, whose leases name the same MAC. */
    private List<SubnetKey> sharers(Form form) {
        return form instanceof Form.Through through ? byFarEnd.getOrDefault(farEnd(through), List.of()) : List.of();
    }

    private void index(SubnetKey key, Row row) {
        if (row.forms.isEmpty()) {
            rows.remove(key);
            return;
        }
        rows.put(key, row);
        overlaps.add(key);
        for (Form form : row.forms) {
            if (form instanceof Form.Through through) {
                byFarEnd.merge(farEnd(through), List.of(key), (peers, one) -> Few.with(peers, key));
            }
        }
    }

    private void unindex(SubnetKey key, Row row) {
        if (row.forms.isEmpty()) {
            return;
        }
        overlaps.remove(key);
        for (Form form : row.forms) {
            if (form instanceof Form.Through through) {
                byFarEnd.computeIfPresent(farEnd(through), (end, peers) -> {
                    List<SubnetKey> fewer = Few.without(peers, key);
                    return fewer.isEmpty() ? null : fewer;
                });
            }
        }
    }

    private void claim(SubnetKey key, Ask ask) {
        switch (ask) {
            case Ask.ForFarEnd(FarEnd end, Ip remote) -> farEnds.claim(key, end, remote);
            case Ask.ForNeighbour(Ip address, Mac mac) -> neighbours.claim(key, address, mac);
            case Ask.ForRoute(Cidr subnet, Hop hop) -> routes.claim(key, subnet, hop);
        }
    }

    private void withdraw(SubnetKey key, Ask ask) {
        switch (ask) {
            case Ask.ForFarEnd(FarEnd end, Ip remote) -> farEnds.withdraw(key, end);
            case Ask.ForNeighbour(Ip address, Mac mac) -> neighbours.withdraw(key, address);
            case Ask.ForRoute(Cidr subnet, Hop hop) -> routes.withdraw(key, subnet);
        }
    }

    private static FarEnd farEnd(Form.Through through) {
        return new FarEnd(through.subnet().family(), through.mac());
    }
}
