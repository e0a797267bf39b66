package io.canal.config;

import java.util.List;

/**
 * How to reach etcd.
 *
 * @param endpoints such as {@code https://10.10.0.1:2379}; empty while the charm has no relation to etcd
 * @param ca path of the certificates that the server's one is checked against; empty without TLS, as are the next two
 * @param cert path of our certificate
 * @param key path of our private key
 * @param prefix where flannel's keys are, without a slash at the end
 */
public record EtcdConfig(List<String> endpoints, String ca, String cert, String key, String prefix) {

    /** flannel's own default. */
    public static final String DEFAULT_PREFIX = "/coreos.com/network";

    public EtcdConfig {
        endpoints = List.copyOf(endpoints);
    }

    /** No etcd is known yet. */
    public static EtcdConfig none() {
        return new EtcdConfig(List.of(), "", "", "", DEFAULT_PREFIX);
    }

    /** Whether there is an etcd to talk to. */
    public boolean known() {
        return !endpoints.isEmpty();
    }
}
