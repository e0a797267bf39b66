package io.canal.store;

import io.canal.reconcile.Clock;
import io.canal.store.StoreException.Kind;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jetcd client that is in use, made anew when etcd was silent for long or when the TLS files changed.
 *
 * <p>Why so: jetcd's channel backs off for up to two minutes and cannot be told to try at once; and it reads TLS files only once.
 */
final class EtcdClients implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EtcdClients.class);

    /** Only an upper bound; a listing of 5,000 leases has 2 MB. */
    private static final int LARGEST_MESSAGE = 512 << 20;

    private static final Metadata.Key<String> HAS_LEADER = Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private static final Duration LOOK_AT_FILES_EVERY = Duration.ofSeconds(1);

    private final EtcdSettings settings;
    private final Clock clock;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final ReentrantLock lock = new ReentrantLock();
    // All below are guarded by the lock.
    private @Nullable Client client;
    private List<String> stamp = List.of();
    private long stampReadAt;
    private boolean silent;
    private long silentSince;
    private boolean closed;

    EtcdClients(EtcdSettings settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** The client to use for one call. */
    Client current() throws StoreException {
        lock.lock();
        try {
            if (closed) {
                throw new StoreException(Kind.UNAVAILABLE, "the store is closed");
            }
            if (client == null || clock.since(stampReadAt).compareTo(LOOK_AT_FILES_EVERY) >= 0) {
                stampReadAt = clock.nanos();
                Optional<TlsFiles> files = settings.tls().get();
                List<String> now = stamp(files);
                if (client == null || !now.equals(stamp)) {
                    if (client != null) {
                        log.info("the TLS files of etcd changed: connecting anew");
                    }
                    Client made = build(files);
                    drop();
                    client = made;
                    stamp = now;
                    silent = false;
                }
            }
            return client;
        } finally {
            lock.unlock();
        }
    }

    /** A call was answered, be it with a refusal. */
    void answered() {
        lock.lock();
        try {
            silent = false;
        } finally {
            lock.unlock();
        }
    }

    /** A call by {@code used} was not answered. */
    void unanswered(Client used) {
        lock.lock();
        try {
            if (!used.equals(client)) {
                return;
            }
            if (!silent) {
                silent = true;
                silentSince = clock.nanos();
            } else if (clock.since(silentSince).compareTo(settings.rebuildAfter()) >= 0) {
                log.debug("etcd has been silent for {} s: connecting anew", clock.since(silentSince).toSeconds());
                drop();
                silent = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next call connects anew; those that are under way fail. */
    void reconnect() {
        lock.lock();
        try {
            drop();
            silent = false;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            drop();
        } finally {
            lock.unlock();
        }
        executor.shutdownNow();
    }

    private void drop() {
        if (client != null) {
            client.close();
            client = null;
        }
    }

    private Client build(Optional<TlsFiles> files) throws StoreException {
        ClientBuilder builder = Client.builder()
                .endpoints(settings.endpoints().toArray(String[]::new))
                .waitForReady(false)
                .retryMaxAttempts(0)
                .connectTimeout(settings.deadline())
                .keepaliveTime(Duration.ofSeconds(10))
                .keepaliveTimeout(Duration.ofSeconds(5))
                // etcd ends a connection that pings while nothing is asked or watched.
                .keepaliveWithoutCalls(false)
                .maxInboundMessageSize(LARGEST_MESSAGE)
                .executorService(executor)
                .interceptor(new Deadline());
        if (files.isPresent()) {
            builder.sslContext(sslContext(files.get(), settings.verified()));
        }
        try {
            return builder.build();
        } catch (RuntimeException refused) {
            throw new StoreException(Kind.REFUSED,
                    "etcd's endpoints " + settings.endpoints() + " cannot be used: " + refused.getMessage(), refused);
        }
    }

    private static SslContext sslContext(TlsFiles files, Optional<Path> verified) throws StoreException {
        byte[] ca = read("CA certificate", files.ca());
        byte[] cert = read("client certificate", files.cert());
        byte[] key = read("client key", files.key());
        byte[] pkcs8;
        try {
            pkcs8 = PrivateKeys.pkcs8(PrivateKeys.text(key));
        } catch (IllegalArgumentException unreadable) {
            throw new StoreException(Kind.REFUSED, "the client key for etcd, " + files.key() + ", cannot be used: " + unreadable.getMessage());
        }
        try {
            return GrpcSslContexts.forClient().trustManager(new VerifiedServers(ca, verified)).keyManager(ClientKey.of(cert, pkcs8)).build();
        } catch (IOException | GeneralSecurityException | IllegalArgumentException unusable) {
            throw new StoreException(Kind.REFUSED, "the TLS files for etcd, " + files.ca() + ", " + files.cert() + " and " + files.key()
                    + ", cannot be used: " + Failures.reason(unusable), unusable);
        }
    }

    private static byte[] read(String what, Path file) throws StoreException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException absent) {
            throw new StoreException(Kind.REFUSED, "the " + what + " for etcd, " + file + ", is not there", absent);
        } catch (IOException unreadable) {
            throw new StoreException(Kind.REFUSED, "the " + what + " for etcd, " + file + ", cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    /** What would be different if one of the files were another. */
    private static List<String> stamp(Optional<TlsFiles> files) {
        return files.stream().flatMap(all -> Stream.of(all.ca(), all.cert(), all.key())).map(EtcdClients::stamp).toList();
    }

    private static String stamp(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return file + " " + attributes.fileKey() + " " + attributes.lastModifiedTime() + " " + attributes.size();
        } catch (IOException absent) {
            return file + " absent";
        }
    }

    /**
     * No call waits for ever; only watches live long. A member that has no leader says so at once, as it does to a watch, rather than
     * to let the call wait for one.
     */
    private final class Deadline implements ClientInterceptor {

        @Override
        public <Q, S> ClientCall<Q, S> interceptCall(MethodDescriptor<Q, S> method, CallOptions options, Channel next) {
            CallOptions ours = options.withExecutor(executor);
            boolean watch = method.getFullMethodName().equals("etcdserverpb.Watch/Watch");
            if (watch) {
                return next.newCall(method, ours);
            }
            CallOptions soon = ours.withDeadlineAfter(settings.deadline().toMillis(), TimeUnit.MILLISECONDS);
            return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, soon)) {
                @Override
                public void start(Listener<S> answers, Metadata headers) {
                    headers.put(HAS_LEADER, "true");
                    super.start(answers, headers);
                }
            };
        }
    }
}
