package io.canal.agent;

import io.canal.config.EtcdConfig;
import io.canal.files.Conflist;
import io.canal.model.NodePaths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which paths the conflist names: the ones that operators and tools know from the old charm where they are there (they are links to
 * the configured files), else the configured ones; and the kubeconfig only while there is one.
 */
record NodeFilePaths(NodePaths paths) {

    private static final String LEGACY = "opt/calicoctl/";

    /** The facts with what is there now. */
    LocalFacts refreshed(LocalFacts facts) {
        String kubeconfig = facts.config().kubeconfig();
        return facts.withFiles(tls(facts.etcd()), !kubeconfig.isEmpty() && Files.exists(paths.root().resolve(relative(kubeconfig))) ? kubeconfig : "");
    }

    private Optional<Conflist.Tls> tls(EtcdConfig etcd) {
        if (etcd.ca().isEmpty()) {
            return Optional.empty();
        }
        Path ca = paths.at(LEGACY + "etcd-ca");
        Path cert = paths.at(LEGACY + "etcd-cert");
        Path key = paths.at(LEGACY + "etcd-key");
        return Files.exists(ca) && Files.exists(cert) && Files.exists(key)
                ? Optional.of(new Conflist.Tls("/" + LEGACY + "etcd-ca", "/" + LEGACY + "etcd-cert", "/" + LEGACY + "etcd-key"))
                : Optional.of(new Conflist.Tls(etcd.ca(), etcd.cert(), etcd.key()));
    }

    private static String relative(String path) {
        return path.startsWith("/") ? path.substring(1) : path;
    }
}
