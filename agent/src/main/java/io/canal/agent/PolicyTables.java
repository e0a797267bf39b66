package io.canal.agent;

import io.canal.agent.PolicyObject.Controllers;
import io.canal.agent.PolicyObject.Host;
import io.canal.agent.PolicyObject.Labels;
import io.canal.agent.PolicyObject.Level;
import io.canal.agent.PolicyObject.Nets;
import io.canal.agent.PolicyObject.Parameters;
import io.canal.agent.PolicyObject.Pod;
import io.canal.agent.PolicyObject.Pool;
import io.canal.agent.PolicyObject.Rules;
import io.canal.agent.PolicyObject.Services;
import io.canal.dataplane.filter.NodePolicy;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.EndpointPort;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.Labelled;
import io.canal.policy.PolicyOutput;
import io.canal.policy.calc.PolicyCalculator;
import io.canal.policy.calc.Workload;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Calico's data, joined with what this node knows by itself, and the calculation on it. It belongs to the apply loop's thread.
 *
 * <p>A pod of this node is taken from the journal as soon as it may talk, and does not wait for its own endpoint to come back from
 * etcd; what etcd says of the same container counts more, since labels change there. An endpoint of this node that only etcd knows,
 * such as one that another CNI plugin made, has rules as well, unless the journal keeps its interface closed.
 */
final class PolicyTables implements NodePolicy {

    // Not thenComparing, whose lambda can be serialized: the JVM makes such ones at each start.
    private static final Comparator<ResourceKey> BY_NAME = (a, b) -> {
        int byNamespace = a.namespace().compareTo(b.namespace());
        return byNamespace != 0 ? byNamespace : a.name().compareTo(b.name());
    };

    private final Supplier<String> nodename;
    private final Supplier<KeeperStanding> standing;
    private final Map<String, LocalEndpoint> endpoints;
    private final Predicate<String> staysClosed;
    private final PolicySettings settings;
    private final PolicyMemory memory;
    private final Runnable onKnown;
    private final PolicyCalculator calculator = new PolicyCalculator("");
    private final StandInProfiles profiles = new StandInProfiles(calculator);

    private final Map<ResourceKey, PolicyObject> rows = new HashMap<>();
    /** Profiles that nobody has been able to read. */
    private final Set<ResourceKey> unreadable = new HashSet<>();
    /** What an etcd that is not trusted yet does not name. */
    private final Set<ResourceKey> doubtful = new HashSet<>();
    private @Nullable Listed waiting;
    private final Map<String, LocalEndpoint> journal = new HashMap<>();
    private final Map<ResourceKey, String> interfaceOf = new HashMap<>();
    /** The container that a pod had here when it was detached: its endpoint in etcd is only not deleted yet. */
    private final Map<ResourceKey, String> detached = new HashMap<>();
    private final Map<String, WorkloadTraits> traits = new HashMap<>();
    /** The pods of this node by interface, each with its traits; and the interface of each. */
    private final Map<String, SortedMap<ResourceKey, WorkloadTraits>> onInterface = new HashMap<>();
    private final Map<ResourceKey, String> interfaceNow = new HashMap<>();
    private String node = "";
    private boolean known;
    private volatile PolicyCalculator.Counts counts = new PolicyCalculator.Counts(0, 0, 0, 0, 0);
    /** Whether the last listing is taken for all that there is. */
    private boolean trusted = true;
    /**
     * How many listings the keeper had when another etcd than before told us what it has; what he says of the etcd may be of the one
     * before, until he has seen more. Empty where he has.
     */
    private OptionalInt unjudgedAt = OptionalInt.empty();

    /** A listing that waits until the rest of etcd's data is known, and with it whether this is the etcd that it was. */
    private record Listed(Map<ResourceKey, PolicyObject> good, Set<ResourceKey> bad, Set<ResourceKey> kept, boolean another) {}

    /**
     * Empty, and not known.
     *
     * @param nodename this node's name, asked in every pass
     * @param endpoints the rows of the pods on this node that may talk, by interface
     * @param staysClosed whether the journal says of an interface that it may not talk
     * @param memory of what etcd had when it was last there
     * @param onKnown told once, when it is known what holds
     */
    PolicyTables(Supplier<String> nodename, Supplier<KeeperStanding> standing, Map<String, LocalEndpoint> endpoints, Predicate<String> staysClosed, PolicySettings settings,
            PolicyMemory memory, Runnable onKnown) {
        this.nodename = nodename;
        this.standing = standing;
        this.endpoints = endpoints;
        this.staysClosed = staysClosed;
        this.settings = settings;
        this.memory = memory;
        this.onKnown = onKnown;
    }

    /** Whether all that etcd told is taken up. */
    boolean isSettled() {
        return known && waiting == null;
    }

    /**
     * All that there is in etcd.
     *
     * @param bad keys with a value that cannot be read: they keep the row that they have
     * @param kept keys that keep the row that they have, as they were not written since
     * @param another whether this is another etcd than the one that told last, or a restored one
     */
    void listed(Map<ResourceKey, PolicyObject> good, Set<ResourceKey> bad, Set<ResourceKey> kept, boolean another) {
        Map<ResourceKey, PolicyObject> all = new HashMap<>(good);
        if (waiting != null) {
            // What was not written since the listing that waits has not become a row yet.
            waiting.good.forEach((key, object) -> {
                if (kept.contains(key)) {
                    all.putIfAbsent(key, object);
                }
            });
        }
        waiting = new Listed(all, new HashSet<>(bad), new HashSet<>(kept), another || waiting != null && waiting.another);
    }

    /** A part of the first listing: it is worked on while the rest is being read, and nothing of it is told before all is known. */
    void expect(Map<ResourceKey, PolicyObject> part) {
        if (!known) {
            node(nodename.get());
            part.forEach(this::put);
        }
    }

    /**
     * What is otherwise than in the last listing.
     *
     * @param changes what is so now, or empty where it is gone
     * @param bad what is there with a value that cannot be read
     */
    void changed(Map<ResourceKey, Optional<PolicyObject>> changes, Set<ResourceKey> bad) {
        Listed listing = waiting;
        if (listing == null) {
            changes.forEach((key, object) -> object.ifPresentOrElse(now -> put(key, now), () -> remove(key)));
            bad.forEach(this::unreadable);
        } else {
            changes.forEach((key, object) -> {
                listing.bad.remove(key);
                listing.kept.remove(key);
                object.ifPresentOrElse(now -> listing.good.merge(key, now, PolicyTables::later), () -> listing.good.remove(key));
            });
            listing.bad.addAll(bad);
        }
    }

    private void node(String name) {
        if (!name.equals(node)) {
            node = name;
            calculator.node(name);
            List.copyOf(rows.keySet()).stream().filter(key -> key.kind() == Kind.WORKLOAD_ENDPOINT).forEach(this::pod);
        }
        settings.node(name);
    }

    /** The interfaces of the host itself, with their addresses. */
    void interfaces(Map<String, Set<Ip>> now) {
        calculator.interfaces(now);
        settings.hostAddresses(now.values().stream().flatMap(Set::stream).collect(Collectors.toUnmodifiableSet()));
    }

    /** Takes a listing up, and lets go what a trusted etcd does not name. */
    @Override
    public boolean settle() {
        KeeperStanding now = standing.get();
        Listed listing = waiting;
        if (listing != null && now.inSync()) {
            // Before there are rows, which would all be looked at again.
            node(nodename.get());
            if (!known && !now.mayRemove()) {
                // Another etcd than before: what the right one had counts too.
                recalled(PolicyFeed.remembered(memory));
            }
            waiting = null;
            doubtful.clear();
            Stream.concat(rows.keySet().stream(), unreadable.stream())
                    .filter(key -> !listing.good.containsKey(key) && !listing.bad.contains(key) && !listing.kept.contains(key)).forEach(doubtful::add);
            listing.good.forEach(this::put);
            listing.bad.forEach(this::unreadable);
            know();
            trusted = false;
            if (listing.another) {
                unjudgedAt = OptionalInt.of(now.listings());
            }
        }
        // The keeper may see later than we do that the etcd is another one. It has seen it once it forbids to remove, and surely when it
        // lists again.
        if (now.inSync() && (!now.mayRemove() || unjudgedAt.orElse(now.listings()) != now.listings())) {
            unjudgedAt = OptionalInt.empty();
        }
        if (!trusted && waiting == null && unjudgedAt.isEmpty() && now.mayRemove()) {
            trusted = true;
            memory.trustSoon();
            Set.copyOf(doubtful).forEach(this::remove);
        }
        return known;
    }

    /** What etcd had when it was last there; it may have changed since. */
    void recalled(Map<ResourceKey, PolicyObject> remembered) {
        if (!known && !remembered.isEmpty()) {
            remembered.forEach(this::put);
            know();
        }
    }

    /** What is taken for etcd's value of this key; for the loop's thread. */
    @Nullable PolicyObject row(ResourceKey key) {
        return rows.get(key);
    }

    /** Those of these keys, whose values in etcd are not as they must be, of which an earlier version is in force; for the loop's thread. */
    List<String> earlier(Collection<ResourceKey> doubted) {
        return doubted.stream().filter(key -> rows.get(key) instanceof PolicyObject row && row.flaw().isEmpty() && row.note(key).isEmpty()).map(ResourceKey::path).sorted().toList();
    }

    /** The profiles that stand in, or would, if there were no others; for the loop's thread. */
    Set<String> standIns() {
        return profiles.candidates();
    }

    private void know() {
        if (!known) {
            known = true;
            onKnown.run();
        }
    }

    /** Which of two versions holds: one with a flaw does not take the place of one without. */
    static PolicyObject later(PolicyObject before, PolicyObject now) {
        return now.flaw().isPresent() && before.flaw().isEmpty() ? before : now;
    }

    static Optional<PolicyObject> later(Optional<PolicyObject> before, Optional<PolicyObject> now) {
        return before.isPresent() && now.isPresent() ? Optional.of(later(before.get(), now.get())) : now;
    }

    private void put(ResourceKey key, PolicyObject object) {
        doubtful.remove(key);
        PolicyObject before = rows.get(key);
        if (object.equals(before) || before != null && later(before, object).equals(before)) {
            return;
        }
        rows.put(key, object);
        unreadable.remove(key);
        switch (object) {
            case Pod _ -> {
                pod(key);
                if (before instanceof Pod(var labelled, _, _, _, _, _)) {
                    profiles.unnamed(labelled.profiles());
                }
            }
            case Host(var endpoint) -> calculator.put(endpoint);
            case Nets(var set) -> calculator.put(set);
            case Labels(var profile) -> profiles.put(profile);
            case Level(var tier) -> calculator.put(tier);
            case Rules(var policy, var selector) -> calculator.put(policy, selector);
            case Pool pool -> settings.pool(key, Optional.of(pool));
            case Parameters(var spec) -> settings.parameters(key.name(), Optional.of(spec));
            case Services(var blocks) -> services(key, blocks);
            case Controllers _ -> profiles.controllers(true);
        }
    }

    /** What it said before stays. Where there is no before, nothing opens that its being there closes. */
    private void unreadable(ResourceKey key) {
        if (rows.containsKey(key)) {
            doubtful.remove(key);
        } else if (key.kind() == Kind.PROFILE) {
            unreadable.add(key);
            profiles.unreadable(key.name());
        } else if (key.kind() == Kind.KUBE_CONTROLLERS_CONFIGURATION) {
            put(key, new Controllers());
        }
    }

    private void remove(ResourceKey key) {
        doubtful.remove(key);
        switch (rows.remove(key)) {
            case null -> {
                if (unreadable.remove(key)) {
                    profiles.remove(key.name());
                }
            }
            case Pod(var labelled, _, _, _, _, _) -> {
                pod(key);
                profiles.unnamed(labelled.profiles());
            }
            case Host _, Nets _, Level _, Rules _ -> calculator.remove(key);
            case Labels _ -> profiles.remove(key.name());
            case Pool _ -> settings.pool(key, Optional.empty());
            case Parameters _ -> settings.parameters(key.name(), Optional.empty());
            case Services _ -> services(key, List.of());
            case Controllers _ -> profiles.controllers(rows.containsValue(new Controllers()));
        }
    }

    /** Of the configurations of BGP only that of all nodes knows services. */
    private void services(ResourceKey key, List<Cidr> blocks) {
        if (key.name().equals("default")) {
            settings.services(blocks);
        }
    }

    @Override
    public void flush(PolicyOutput output) {
        node(nodename.get());
        followJournal();
        calculator.flush(output);
        counts = calculator.counts();
    }

    @Override
    public RuleSettings settings() {
        return settings.rules();
    }

    @Override
    public Map<Cidr, Boolean> pools() {
        return settings.pools();
    }

    @Override
    public Collection<Ip> hostAddresses() {
        return settings.hostAddresses();
    }

    @Override
    public Map<String, WorkloadTraits> traits() {
        return traits;
    }

    /** How much there is, as of the last pass; may be asked on any thread. */
    PolicyCalculator.Counts counts() {
        return counts;
    }

    private void followJournal() {
        Set<ResourceKey> changed = new LinkedHashSet<>();
        List<List<String>> profilesBefore = new ArrayList<>();
        List.copyOf(journal.keySet()).stream().filter(iface -> !Objects.equals(endpoints.get(iface), journal.get(iface))).forEach(iface -> {
            LocalEndpoint before = journal.remove(iface);
            if (before != null) {
                ResourceKey key = key(before);
                interfaceOf.remove(key, iface);
                detached.put(key, before.containerId());
                changed.add(key);
                profilesBefore.add(before.profiles());
            }
        });
        endpoints.forEach((iface, now) -> {
            if (journal.putIfAbsent(iface, now) == null) {
                ResourceKey key = key(now);
                interfaceOf.put(key, iface);
                detached.remove(key);
                changed.add(key);
            }
        });
        changed.forEach(this::pod);
        profilesBefore.forEach(profiles::unnamed);
    }

    private static ResourceKey key(LocalEndpoint endpoint) {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, endpoint.namespace(), endpoint.name());
    }

    /** The journal or etcd says another thing of this pod. */
    private void pod(ResourceKey key) {
        String iface = interfaceOf.get(key);
        LocalEndpoint here = iface == null ? null : journal.get(iface);
        Pod row = rows.get(key) instanceof Pod pod ? pod : null;
        if (row == null || !row.containerId().equals(detached.get(key))) {
            detached.remove(key);
        }
        if (here != null) {
            Pod same = row != null && row.node().equals(node) && row.containerId().equals(here.containerId()) ? row : null;
            Labelled thing = same == null ? labelled(here) : same.labelled();
            profiles.named(thing.profiles(), thing.labels());
            traits(key, here.interfaceName(), same);
            calculator.put(key, new Workload(thing, here.interfaceName(), same == null ? List.of() : same.spoofed()));
        } else if (row != null && !detached.containsKey(key)) {
            boolean ours = row.node().equals(node) && row.interfaceName().startsWith(EndpointNames.PREFIX) && EndpointNames.isInterface(row.interfaceName())
                    && !journal.containsKey(row.interfaceName()) && !staysClosed.test(row.interfaceName());
            profiles.named(row.labelled().profiles(), row.labelled().labels());
            traits(key, ours ? row.interfaceName() : "", row);
            calculator.put(key, new Workload(row.labelled(), ours ? row.interfaceName() : "", ours ? row.spoofed() : List.of()));
        } else {
            // It is gone, or no more than not deleted yet: its address is another's from now on.
            traits(key, "", null);
            calculator.remove(key);
        }
    }

    /** What of this pod becomes rules is so now, on this interface; of several pods on one the calculation takes the first by key. */
    private void traits(ResourceKey key, String iface, @Nullable Pod row) {
        String before = interfaceNow.remove(key);
        if (before != null) {
            onInterface.computeIfPresent(before, (_, pods) -> pods.remove(key) != null && pods.isEmpty() ? null : pods);
            traitsOf(before);
        }
        if (!iface.isEmpty()) {
            interfaceNow.put(key, iface);
            onInterface.computeIfAbsent(iface, _ -> new TreeMap<>(BY_NAME)).put(key, row == null ? WorkloadTraits.NONE : row.traits());
            traitsOf(iface);
        }
    }

    private void traitsOf(String iface) {
        SortedMap<ResourceKey, WorkloadTraits> pods = onInterface.get(iface);
        WorkloadTraits first = pods == null ? WorkloadTraits.NONE : pods.firstEntry().getValue();
        if (first.equals(WorkloadTraits.NONE)) {
            traits.remove(iface);
        } else {
            traits.put(iface, first);
        }
    }

    private static Labelled labelled(LocalEndpoint endpoint) {
        List<EndpointPort> ports = new ArrayList<>();
        for (LocalEndpoint.Port port : endpoint.ports()) {
            if (!port.name().isEmpty()) {
                PolicyProtocol.parse(port.protocol()).ifPresent(protocol -> ports.add(new EndpointPort(port.name(), protocol, port.port())));
            }
        }
        List<Cidr> addresses = endpoint.addresses().stream().map(address -> Cidr.containing(address, address.family().bits())).toList();
        return new Labelled(endpoint.labels(), endpoint.profiles(), addresses, ports);
    }
}
