package io.canal.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.reconcile.Clock;
import io.canal.store.StoreException.Kind;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.netty.handler.ssl.OpenSsl;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * etcd v3 by jetcd, with what jetcd lacks: a deadline on every call, no late retries, a client made anew after silence, feeds that
 * come back, keys of every form, and TLS files that may change.
 */
public final class EtcdStore implements Store {

    private static final Logger log = LoggerFactory.getLogger(EtcdStore.class);

    /** A listing longer than this is fetched in parts, all of one revision. */
    private static final int PAGE = 1_000;

    /** Between two rounds of asking members of which none had a leader. */
    private static final Duration LEADERLESS_PAUSE = Duration.ofMillis(50);

    private final EtcdClients clients;
    private final EtcdSettings settings;
    private final Clock clock;
    private final Set<EtcdFeed> feeds = ConcurrentHashMap.newKeySet();

    /** Does not connect yet: the first call does, or {@link #connect}. */
    public EtcdStore(EtcdSettings settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
        this.clients = new EtcdClients(settings, clock);
    }

    /**
     * Does on a thread of its own, beside all that comes before a connection, what the handshake will need: the first use of the curve
     * computes its tables, which takes longer than all that etcd does.
     */
    public static void warmUp() {
        Thread.ofPlatform().daemon().name("warm-up").start(() -> {
            try {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
                generator.initialize(new ECGenParameterSpec("secp256r1"));
                generator.generateKeyPair();
            } catch (GeneralSecurityException absent) {
                log.debug("no curve to warm up: {}", absent.getMessage());
            }
        });
    }

    /**
     * Loads on a thread of its own, beside the configuration's reading, the library that speaks TLS: what Netty tries out of it at its first
     * use takes as long as a handshake.
     */
    public static void loadTls() {
        Thread.ofPlatform().daemon().name("warm-up").start(() -> {
            if (!OpenSsl.isAvailable()) {
                log.debug("no library speaks TLS: {}", String.valueOf(OpenSsl.unavailabilityCause()));
            }
        });
    }

    /** Begins to connect, so that the first calls need not wait for it. */
    public void connect() {
        Thread.ofVirtual().name("etcd connects").start(() -> {
            try {
                get("/");
            } catch (StoreException failure) {
                log.debug("{}", failure.getMessage());
            }
        });
    }

    @Override
    public Optional<Entry> get(String key) throws StoreException {
        GetResponse response = call("get " + key, client -> client.getKVClient().get(bytes(key)));
        return response.getKvs().stream().findFirst().map(EtcdStore::entry);
    }

    @Override
    public Listing list(String prefix) throws StoreException {
        Collected all = new Collected();
        list(prefix, all);
        return new Listing(all.clusterId, all.revision, all.entries);
    }

    private static final class Collected implements Pages {

        private final List<Entry> entries = new ArrayList<>();
        private long clusterId;
        private long revision;

        @Override
        public void begin(long itsCluster, long itsRevision) {
            clusterId = itsCluster;
            revision = itsRevision;
        }

        @Override
        public void take(List<Entry> page) {
            entries.addAll(page);
        }
    }

    /** Takes a listing page by page; all pages are of one revision. */
    interface Pages {

        void begin(long clusterId, long revision);

        void take(List<Entry> page);
    }

    /** Lists all keys that begin with {@code prefix}, in key order: while one page is taken, the next is on its way. */
    void list(String prefix, Pages pages) throws StoreException {
        String what = "list " + prefix;
        GetOption first = GetOption.builder().isPrefix(true).withLimit(PAGE).build();
        Optional<Asked<GetResponse>> coming = Optional.of(ask(what, client -> client.getKVClient().get(bytes(prefix), first)));
        long revision = 0;
        while (coming.isPresent()) {
            GetResponse page = answer(coming.get());
            if (revision == 0) {
                revision = page.getHeader().getRevision();
                pages.begin(page.getHeader().getClusterId(), revision);
            }
            coming = page.isMore() ? Optional.of(ask(what, next(prefix, page, revision))) : Optional.empty();
            pages.take(page.getKvs().stream().map(EtcdStore::entry).toList());
        }
    }

    private static Call<GetResponse> next(String prefix, GetResponse page, long revision) {
        ByteSequence from = page.getKvs().getLast().getKey().concat(bytes("\0"));
        GetOption option = GetOption.builder().withRange(endOf(prefix)).withLimit(PAGE).withRevision(revision).build();
        return client -> client.getKVClient().get(from, option);
    }

    @Override
    public Txn.Result commit(Txn txn) throws StoreException {
        Cmp[] compares = txn.compares().stream().map(EtcdStore::compare).toArray(Cmp[]::new);
        Op[] then = Stream.concat(txn.writes().stream().map(EtcdStore::write), txn.reads().stream().map(EtcdStore::read)).toArray(Op[]::new);
        Set<String> toRead = new HashSet<>(txn.reads());
        txn.compares().forEach(compare -> toRead.add(compare.key()));
        Op[] otherwise = toRead.stream().map(EtcdStore::read).toArray(Op[]::new);
        TxnResponse response = call("a transaction on " + txn.keys(), client ->
                client.getKVClient().txn().If(compares).Then(then).Else(otherwise).commit());
        List<Entry> read = response.getGetResponses().stream().flatMap(got -> got.getKvs().stream()).map(EtcdStore::entry).toList();
        return new Txn.Result(response.isSucceeded(), response.getHeader().getClusterId(), response.getHeader().getRevision(), read);
    }

    @Override
    public long grant(Duration ttl) throws StoreException {
        return call("grant a lease", client -> client.getLeaseClient().grant(Math.max(1, ttl.toSeconds()))).getID();
    }

    @Override
    public Optional<Duration> keepAliveOnce(long lease) throws StoreException {
        try {
            return Optional.of(Duration.ofSeconds(call("keep a lease alive", client -> client.getLeaseClient().keepAliveOnce(lease)).getTTL()));
        } catch (StoreException failure) {
            return isGone(failure);
        }
    }

    @Override
    public void revoke(long lease) throws StoreException {
        try {
            call("revoke a lease", client -> client.getLeaseClient().revoke(lease));
        } catch (StoreException failure) {
            isGone(failure);
        }
    }

    @Override
    public Feed feed(String prefix, Feed.Listener listener) {
        EtcdFeed feed = new EtcdFeed(this, clients, clock, prefix, settings, listener, feeds::remove);
        feeds.add(feed);
        feed.start();
        return feed;
    }

    @Override
    public void reconnect() {
        clients.reconnect();
    }

    @Override
    public void close() {
        Set.copyOf(feeds).forEach(EtcdFeed::close);
        clients.close();
    }

    @Override
    public Extent extent(String prefix) throws StoreException {
        GetOption newest = GetOption.builder().isPrefix(true).withKeysOnly(true).withLimit(1)
                .withSortField(GetOption.SortTarget.MOD).withSortOrder(GetOption.SortOrder.DESCEND).build();
        GetResponse response = call("look below " + prefix, client -> client.getKVClient().get(bytes(prefix), newest));
        return new Extent(response.getHeader().getClusterId(), response.getHeader().getRevision(),
                response.getKvs().stream().mapToLong(KeyValue::getModRevision).max().orElse(0), response.getCount());
    }

    /** One request. */
    private interface Call<T> {
        CompletableFuture<T> with(Client client);
    }

    /** A request that is on its way. */
    private record Asked<T>(String what, Client client, Call<T> call, CompletableFuture<T> future) {}

    private <T> T call(String what, Call<T> call) throws StoreException {
        return answer(ask(what, call));
    }

    private <T> Asked<T> ask(String what, Call<T> call) throws StoreException {
        Client client = clients.current();
        try {
            return new Asked<>(what, client, call, call.with(client));
        } catch (RuntimeException closed) {
            // Another thread has just thrown the client away.
            throw Failures.of(what, closed);
        }
    }

    /**
     * The answer; that of another member where one has no leader, for the next call goes to the next one that is connected. A new client
     * may be connected to that one alone for a moment, so it is asked again until the time of a call is up.
     */
    private <T> T answer(Asked<T> asked) throws StoreException {
        long start = clock.nanos();
        Asked<T> now = asked;
        for (int others = settings.endpoints().size() - 1; ; others--) {
            try {
                return answerOfOne(now);
            } catch (StoreException failure) {
                if (settings.endpoints().size() == 1 || !Failures.isLeaderless(failure) || clock.since(start).compareTo(settings.deadline()) > 0) {
                    throw failure;
                }
                if (others <= 0) {
                    LockSupport.parkNanos(LEADERLESS_PAUSE.toNanos());
                }
                now = ask(asked.what, asked.call);
            }
        }
    }

    private <T> T answerOfOne(Asked<T> asked) throws StoreException {
        try {
            // gRPC's own deadline comes first; this one guards against a callback that never comes.
            T response = asked.future.get(settings.deadline().toMillis() + 500, TimeUnit.MILLISECONDS);
            clients.answered();
            return response;
        } catch (TimeoutException late) {
            asked.future.cancel(true);
            clients.unanswered(asked.client);
            throw Failures.of(asked.what, late);
        } catch (ExecutionException failed) {
            StoreException failure = Failures.of(asked.what, failed);
            if (failure.kind() == Kind.UNAVAILABLE) {
                clients.unanswered(asked.client);
            } else {
                clients.answered();
            }
            throw failure;
        } catch (InterruptedException interrupted) {
            asked.future.cancel(true);
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted: " + asked.what, interrupted);
        }
    }

    private static Optional<Duration> isGone(StoreException failure) throws StoreException {
        if (failure.kind() == Kind.REFUSED && Failures.isNotFound(failure)) {
            return Optional.empty();
        }
        throw failure;
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }

    /** The first key after all that begin with {@code prefix}. */
    static ByteSequence endOf(String prefix) {
        byte[] end = prefix.getBytes(UTF_8);
        // No byte of UTF-8 is 0xff, so the last one can be counted up.
        end[end.length - 1]++;
        return ByteSequence.from(end);
    }

    static Entry entry(KeyValue kv) {
        return new Entry(kv.getKey().toString(UTF_8), kv.getValue().toString(UTF_8), kv.getCreateRevision(), kv.getModRevision(), kv.getLease());
    }

    private static Cmp compare(Txn.Compare compare) {
        return switch (compare) {
            case Txn.Compare.Absent(String key) -> new Cmp(bytes(key), Cmp.Op.EQUAL, CmpTarget.createRevision(0));
            case Txn.Compare.ModRevision(String key, long revision) -> new Cmp(bytes(key), Cmp.Op.EQUAL, CmpTarget.modRevision(revision));
        };
    }

    private static Op write(Txn.Write write) {
        return switch (write) {
            case Txn.Write.Put(String key, String value, long lease) ->
                Op.put(bytes(key), bytes(value), PutOption.builder().withLeaseId(lease).build());
            case Txn.Write.Delete(String key) -> Op.delete(bytes(key), DeleteOption.DEFAULT);
        };
    }

    private static Op read(String key) {
        return Op.get(bytes(key), GetOption.DEFAULT);
    }
}
