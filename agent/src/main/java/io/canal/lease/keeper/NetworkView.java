package io.canal.lease.keeper;

import io.canal.lease.Peers;
import io.canal.lease.Row;
import io.canal.lease.SnapshotReader;
import io.canal.lease.keeper.StateFolder.Distrust;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Extent;
import io.canal.store.Store.Listing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * The network as the feeds tell it: config, leases, holders, and how far they are to be trusted.
 *
 * <p>A bad row is named, and is the only one that it spoils: what was known under its key stays. A listing from another cluster, or
 * at a smaller revision than before, comes from an etcd that was replaced or restored: what it lacks is kept for a lease's time to
 * live. Belongs to the keeper's thread.
 */
final class NetworkView {

    private final NetworkKeys keys;
    private final Duration ttl;
    private final Clock clock;
    private final Peers peers = new Peers();
    private final Folder<LeaseValue> leases;
    private final Folder<HolderRecord> holders;
    private final Map<String, Problem> bad = new TreeMap<>();
    private Optional<NetworkConfig> config = Optional.empty();
    private boolean configListed;
    private boolean configAlive;
    private Optional<String> configProblem = Optional.empty();
    private final Supplier<Optional<StateFolder.Tables>> memory;
    private boolean remembers;
    private StateFolder.Known known;
    private String lostBecause = "";

    /** What a feed of subnets has told. */
    private final class Folder<T> {

        private final String prefix;
        private final BiFunction<String, String, Decoded<T>> parse;
        /** As decisions read it, who are content with less. */
        private final BiFunction<String, String, Decoded<T>> forDecisions;
        private final Map<SubnetKey, T> values = new HashMap<>();
        /** What an etcd that is not trusted yet lacks. */
        private final Map<SubnetKey, T> kept = new HashMap<>();
        /** As etcd has them; {@link #values} also has what was known of those that cannot be read. */
        private final Map<SubnetKey, Row<T>> rows = new HashMap<>();
        /** Keys that name no subnet. */
        private final Map<String, Long> strangers = new HashMap<>();
        private long clusterId;
        private long revision;
        private int listings;
        private boolean alive;

        Folder(String prefix, BiFunction<String, String, Decoded<T>> parse, BiFunction<String, String, Decoded<T>> forDecisions) {
            this.prefix = prefix;
            this.parse = parse;
            this.forDecisions = forDecisions;
        }

        /**
         * All rows anew; returns the subnets whose row could not be read.
         *
         * @param addOnly what is not among them is kept
         */
        Set<SubnetKey> list(Listing listing, boolean addOnly) {
            bad.keySet().removeIf(key -> key.startsWith(prefix));
            Map<SubnetKey, T> before = all();
            values.clear();
            rows.clear();
            strangers.clear();
            Set<SubnetKey> unreadable = new HashSet<>();
            for (Entry entry : listing.entries()) {
                Optional<SubnetKey> named = subnet(entry.key());
                if (named.isEmpty()) {
                    strangers.put(entry.key(), entry.modRevision());
                    continue;
                }
                SubnetKey subnet = named.get();
                Optional<T> value = row(subnet, entry);
                if (value.isEmpty()) {
                    unreadable.add(subnet);
                    value = Optional.ofNullable(before.get(subnet));
                }
                value.ifPresent(good -> values.put(subnet, good));
            }
            kept.clear();
            if (addOnly) {
                kept.putAll(before);
                kept.keySet().removeAll(values.keySet());
            }
            clusterId = listing.clusterId();
            revision = listing.revision();
            listings++;
            alive = true;
            return unreadable;
        }

        void put(SubnetKey subnet, T value) {
            kept.remove(subnet);
            values.put(subnet, value);
        }

        void remove(SubnetKey subnet) {
            rows.remove(subnet);
            values.remove(subnet);
            kept.remove(subnet);
        }

        /** What is known, whether etcd has it or not. */
        Map<SubnetKey, T> all() {
            Map<SubnetKey, T> all = new HashMap<>(kept);
            all.putAll(values);
            return all;
        }

        Optional<SubnetKey> subnet(String key) {
            return good(key, NetworkKeys.subnet(prefix, key));
        }

        /** Notes what etcd has; gives the value, if it can be read. */
        Optional<T> row(SubnetKey subnet, Entry entry) {
            Optional<T> value = good(entry.key(), parse.apply(entry.key(), entry.value()));
            Optional<T> decided = value.isPresent() ? value
                    : forDecisions.apply(entry.key(), entry.value()) instanceof Decoded.Good<T>(T some) ? Optional.of(some) : Optional.empty();
            rows.put(subnet, new Row<>(decided, entry.modRevision(), entry.lease()));
            return value;
        }

        void stranger(Change change) {
            switch (change) {
                case Change.Put(Entry entry) -> strangers.put(entry.key(), entry.modRevision());
                case Change.Deleted(String key) -> {
                    bad.remove(key);
                    strangers.remove(key);
                }
            }
        }

        /** The rows, if they are what etcd has now. */
        Optional<Map<SubnetKey, Row<T>>> rowsAt(Extent now) {
            boolean same = alive && now.clusterId() == clusterId && now.revision() >= revision && now.keys() == rows.size() + strangers.size()
                    && now.newest() == newest();
            return same ? Optional.of(new HashMap<>(rows)) : Optional.empty();
        }

        private long newest() {
            long newest = 0;
            for (Row<T> row : rows.values()) {
                newest = Math.max(newest, row.modRevision());
            }
            for (long stranger : strangers.values()) {
                newest = Math.max(newest, stranger);
            }
            return newest;
        }

        private <V> Optional<V> good(String key, Decoded<V> decoded) {
            return switch (decoded) {
                case Decoded.Good<V>(V value) -> {
                    bad.remove(key);
                    yield Optional.of(value);
                }
                case Decoded.Bad<V>(Problem problem) -> {
                    bad.put(key, problem);
                    yield Optional.empty();
                }
            };
        }
    }

    /** @param memory the tables as the disk remembers them */
    NetworkView(NetworkKeys keys, Duration ttl, StateFolder.Known known, Supplier<Optional<StateFolder.Tables>> memory, Clock clock) {
        this.keys = keys;
        this.ttl = ttl;
        this.clock = clock;
        // A time of day that was ahead when the last life wrote it, and was set back since, does not make the distrust longer.
        long latest = clock.nanos() + ttl.toNanos();
        this.known = new StateFolder.Known(known.clusterId(), known.leases(), known.holders(), known.distrust().map(distrust ->
                distrust.endsNanos() - latest > 0 ? new Distrust(clock.now().plus(ttl), latest) : distrust));
        this.memory = memory;
        leases = new Folder<>(keys.leases(), LeaseValue::parse, LeaseValue::parse);
        holders = new Folder<>(NetworkKeys.HOLDERS, HolderRecord::parse, SnapshotReader::holder);
    }

    // What the feeds tell.

    void configListed(Listing listing) {
        configListed = true;
        configAlive = true;
        Optional<Entry> entry = listing.entries().stream().filter(each -> each.key().equals(keys.config())).findFirst();
        if (entry.isPresent()) {
            config(entry.get());
        } else {
            noConfig();
        }
    }

    void configChanged(List<Change> changes) {
        for (Change change : changes) {
            switch (change) {
                case Change.Put(Entry entry) when entry.key().equals(keys.config()) -> config(entry);
                case Change.Deleted(String key) when key.equals(keys.config()) -> noConfig();
                case Change.Put ignored -> {}
                case Change.Deleted ignored -> {}
            }
        }
    }

    private void config(Entry entry) {
        switch (NetworkConfig.parse(entry.key(), entry.value())) {
            case Decoded.Good<NetworkConfig>(NetworkConfig good) -> {
                config = Optional.of(good);
                configProblem = Optional.empty();
            }
            case Decoded.Bad<NetworkConfig>(Problem problem) -> configProblem = Optional.of(problem.sentence());
        }
    }

    private void noConfig() {
        configProblem = Optional.of("there is no network config at " + keys.config() + (config.isPresent() ? "; the last one stays in force" : ""));
    }

    void leasesListed(Listing listing) {
        boolean addOnly = distrusts(listing, leases.revision != 0 ? leases.revision : known.leases());
        Set<SubnetKey> unreadable = leases.list(listing, addOnly);
        peers.leasesListed(leases.values, unreadable, addOnly);
        known = new StateFolder.Known(listing.clusterId(), listing.revision(), known.holders(), known.distrust());
    }

    void holdersListed(Listing listing) {
        boolean addOnly = distrusts(listing, holders.revision != 0 ? holders.revision : known.holders());
        Set<SubnetKey> unreadable = holders.list(listing, addOnly);
        peers.holdersListed(holders.values, unreadable, addOnly);
        known = new StateFolder.Known(listing.clusterId(), known.leases(), listing.revision(), known.distrust());
    }

    void leasesChanged(long revision, List<Change> changes) {
        for (Change change : changes) {
            Optional<SubnetKey> subnet = leases.subnet(change.key());
            if (subnet.isPresent()) {
                switch (change) {
                    case Change.Put(Entry entry) -> {
                        leases.row(subnet.get(), entry).ifPresent(value -> {
                            leases.put(subnet.get(), value);
                            peers.lease(subnet.get(), value);
                        });
                    }
                    case Change.Deleted(String key) -> {
                        bad.remove(key);
                        leases.remove(subnet.get());
                        peers.noLease(subnet.get());
                    }
                }
            } else {
                leases.stranger(change);
            }
        }
        leases.revision = revision;
        known = known.revisions(revision, known.holders());
    }

    void holdersChanged(long revision, List<Change> changes) {
        for (Change change : changes) {
            Optional<SubnetKey> subnet = holders.subnet(change.key());
            if (subnet.isPresent()) {
                switch (change) {
                    case Change.Put(Entry entry) -> {
                        holders.row(subnet.get(), entry).ifPresent(value -> {
                            holders.put(subnet.get(), value);
                            peers.holder(subnet.get(), value);
                        });
                    }
                    case Change.Deleted(String key) -> {
                        bad.remove(key);
                        holders.remove(subnet.get());
                        peers.noHolder(subnet.get());
                    }
                }
            } else {
                holders.stranger(change);
            }
        }
        holders.revision = revision;
        known = known.revisions(known.leases(), revision);
    }

    void configLost(String reason) {
        configAlive = false;
        lostBecause = reason;
    }

    void leasesLost(String reason) {
        leases.alive = false;
        lostBecause = reason;
    }

    void holdersLost(String reason) {
        holders.alive = false;
        lostBecause = reason;
    }

    // Trust.

    private boolean distrusts(Listing listing, long revisionBefore) {
        boolean other = known.clusterId() != 0 && (listing.clusterId() != known.clusterId() || listing.revision() < revisionBefore);
        if (other) {
            known = new StateFolder.Known(listing.clusterId(), 0, 0, Optional.of(new Distrust(clock.now().plus(ttl), clock.nanos() + ttl.toNanos())));
            // The feeds' old revisions are of the old etcd.
            leases.revision = 0;
            holders.revision = 0;
        }
        if (isDistrusted() && !remembers) {
            remember();
        }
        return isDistrusted();
    }

    boolean isDistrusted() {
        return !distrustLeft().isZero();
    }

    /** How long the distrust still lasts. */
    Duration distrustLeft() {
        return known.distrust().map(distrust -> distrust.endsNanos() - clock.nanos()).filter(left -> left > 0).map(Duration::ofNanos).orElse(Duration.ZERO);
    }

    /** Whether there was distrust, the time of which is up. */
    boolean distrustIsOver() {
        return known.distrust().isPresent() && !isDistrusted();
    }

    /** The etcd is accepted as it is, or the time of distrust is over: what was kept beside it goes. */
    void accept() {
        known = new StateFolder.Known(known.clusterId(), known.leases(), known.holders(), Optional.empty());
        leases.kept.clear();
        holders.kept.clear();
        peers.forgetKept();
    }

    /** Takes over what the disk remembers, as if it had been listed; the next listing then corrects it. */
    void remember() {
        memory.get().ifPresent(this::remember);
    }

    private void remember(StateFolder.Tables tables) {
        remembers = true;
        if (config.isEmpty()) {
            config = tables.config();
        }
        if (leases.listings == 0) {
            leases.values.putAll(tables.leases());
            tables.leases().forEach(peers::lease);
        }
        if (holders.listings == 0) {
            holders.values.putAll(tables.holders());
            tables.holders().forEach(peers::holder);
        }
    }

    // What is known.

    Peers peers() {
        return peers;
    }

    /** All leases, if the feed has told what etcd has now. */
    Optional<Map<SubnetKey, Row<LeaseValue>>> leasesAt(Extent now) {
        return leases.rowsAt(now);
    }

    /** All holders; as {@link #leasesAt}. */
    Optional<Map<SubnetKey, Row<HolderRecord>>> holdersAt(Extent now) {
        return holders.rowsAt(now);
    }

    Optional<NetworkConfig> config() {
        return config;
    }

    StateFolder.Known known() {
        return known;
    }

    /** Whether the disk had something to remember, and was asked. */
    boolean remembers() {
        return remembers;
    }

    boolean subnetsListed() {
        return listings() > 0;
    }

    /** Whether the feeds have told all subnets once, or say that they cannot. */
    boolean subnetsToldOrLost() {
        return subnetsListed() || !lostBecause.isEmpty();
    }

    /** How many times all subnets have been listed. */
    int listings() {
        return Math.min(leases.listings, holders.listings);
    }

    boolean inSync() {
        return subnetsListed() && configListed;
    }

    boolean alive() {
        return configAlive && leases.alive && holders.alive;
    }

    /** What is to be remembered: also what an etcd that is not trusted yet lacks. */
    StateFolder.Tables tables() {
        return new StateFolder.Tables(config, leases.all(), holders.all());
    }

    /** Whether the feeds say something else of our subnet than we last wrote, and not only because they lag. */
    boolean contradicts(SubnetKey own, long leaseRevision, long holderRevision) {
        return contradicts(leases, own, leaseRevision) || contradicts(holders, own, holderRevision);
    }

    private static boolean contradicts(Folder<?> folder, SubnetKey own, long written) {
        if (folder.listings == 0) {
            return false;
        }
        Row<?> seen = folder.rows.get(own);
        return seen == null ? folder.revision >= written : seen.modRevision() > written;
    }

    /** What is wrong with single rows. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        bad.values().stream().limit(10).forEach(problem -> notes.add(problem.sentence()));
        if (bad.size() > 10) {
            notes.add((bad.size() - 10) + " more keys in etcd cannot be read");
        }
        return notes;
    }

    List<String> problems() {
        List<String> problems = new ArrayList<>();
        configProblem.filter(ignored -> configListed).ifPresent(problems::add);
        if (!alive() && !lostBecause.isEmpty()) {
            problems.add(lostBecause);
        }
        known.distrust().ifPresent(distrust -> problems.add("etcd was replaced or restored: nothing that it lacks is removed before " + distrust.until()
                + "; repair-subnets accept-etcd=true accepts it at once"));
        return problems;
    }
}
