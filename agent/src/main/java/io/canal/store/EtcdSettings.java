package io.canal.store;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How etcd is reached.
 *
 * @param endpoints such as {@code https://10.10.0.1:2379}, one or several
 * @param tls asked again and again, so that renewed files, and files under other names, are taken up while we run; empty for plain text
 * @param deadline how long a call may take
 * @param rebuildAfter after so long without any answer the client is thrown away and made anew: gRPC by itself would wait up to
 *     two minutes between attempts
 * @param relistAfter after so long, and up to a fifth more, a feed asks etcd how much there is, and lists anew where its watch has not told
 *     as much
 * @param probeAfter after so long without any news a feed asks its watch whether it lives
 * @param verified where to remember which servers were verified, so that the next start need not do it; empty to remember none
 */
public record EtcdSettings(List<String> endpoints, Supplier<Optional<TlsFiles>> tls, Duration deadline, Duration rebuildAfter, Duration relistAfter,
        Duration probeAfter, Optional<Path> verified) {

    public EtcdSettings {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("etcd needs at least one endpoint");
        }
        endpoints = List.copyOf(endpoints);
    }

    public EtcdSettings(List<String> endpoints, Supplier<Optional<TlsFiles>> tls) {
        this(endpoints, tls, Duration.ofSeconds(3), Duration.ofSeconds(5));
    }

    public EtcdSettings(List<String> endpoints, Supplier<Optional<TlsFiles>> tls, Duration deadline, Duration rebuildAfter) {
        this(endpoints, tls, deadline, rebuildAfter, Duration.ofMinutes(5));
    }

    public EtcdSettings(List<String> endpoints, Supplier<Optional<TlsFiles>> tls, Duration deadline, Duration rebuildAfter, Duration relistAfter) {
        this(endpoints, tls, deadline, rebuildAfter, relistAfter, Duration.ofSeconds(30), Optional.empty());
    }

    /** The same, and verified servers are remembered in a file. */
    public EtcdSettings remembering(Path file) {
        return new EtcdSettings(endpoints, tls, deadline, rebuildAfter, relistAfter, probeAfter, Optional.of(file));
    }

    EtcdSettings probingAfter(Duration silence) {
        return new EtcdSettings(endpoints, tls, deadline, rebuildAfter, relistAfter, silence, verified);
    }

    /** Plain text. */
    public static EtcdSettings plain(List<String> endpoints) {
        return new EtcdSettings(endpoints, Optional::empty);
    }
}
