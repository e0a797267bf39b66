package io.canal.charm;

import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The client's key, certificate and CA on disk: one folder a version, {@code /etc/canal/tls/<digest>}, and the link
 * {@code current}. The paths that flannel's and Calico's charms used lead through that link, so that a key and its certificate
 * change in the same instant for everybody. Real files that stood there are kept aside.
 */
record Credentials(NodePaths node) {

    private static final Map<String, String> LEGACY = Map.of(
            "etc/ssl/flannel/client-ca.pem", "ca.pem",
            "etc/ssl/flannel/client-cert.pem", "cert.pem",
            "etc/ssl/flannel/client-key.pem", "key.pem",
            "opt/calicoctl/etcd-ca", "ca.pem",
            "opt/calicoctl/etcd-cert", "cert.pem",
            "opt/calicoctl/etcd-key", "key.pem");

    /** Writes what etcd's relation gave; the folder that holds it, which is another one whenever any of the three has changed. */
    Path write(EtcdLink.Ready etcd) throws IOException {
        Path folder = folder().resolve(digest(etcd));
        NodeFile.put(folder.resolve("ca.pem"), etcd.ca(), "rw-------");
        NodeFile.put(folder.resolve("cert.pem"), etcd.cert(), "rw-------");
        NodeFile.put(folder.resolve("key.pem"), etcd.key(), "rw-------");
        Path current = folder().resolve("current");
        String before = Files.isSymbolicLink(current) ? Files.readSymbolicLink(current).toString() : "";
        if (NodeFile.link(current, Path.of(digest(etcd)))) {
            removeAllBut(List.of(digest(etcd), before, "current"));
        }
        for (Map.Entry<String, String> legacy : LEGACY.entrySet()) {
            Path link = node.at(legacy.getKey());
            if (!isOurs(link)) {
                Aside.keep(link);
            }
            NodeFile.link(link, current.resolve(legacy.getValue()));
        }
        return folder;
    }

    /** Removes all of it: links only where they are ours. */
    void remove() throws IOException {
        for (String legacy : LEGACY.keySet()) {
            Path link = node.at(legacy);
            if (isOurs(link)) {
                Aside.restore(link);
            }
        }
        NodeFile.removeIfEmpty(node.at("etc/ssl/flannel"));
        NodeFile.removeIfEmpty(node.at("opt/calicoctl"));
        NodeFile.remove(folder());
    }

    private boolean isOurs(Path link) throws IOException {
        return Files.isSymbolicLink(link) && Files.readSymbolicLink(link).startsWith(folder());
    }

    private Path folder() {
        return node.at("etc/canal/tls");
    }

    private void removeAllBut(List<String> kept) throws IOException {
        try (Stream<Path> versions = Files.list(folder())) {
            for (Path version : versions.filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)).toList()) {
                if (!kept.contains(String.valueOf(version.getFileName()))) {
                    NodeFile.remove(version);
                }
            }
        }
    }

    private static String digest(EtcdLink.Ready etcd) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String text : List.of(etcd.ca(), etcd.cert(), etcd.key())) {
                sha.update(text.getBytes(StandardCharsets.UTF_8));
                sha.update((byte) 0);
            }
            return HexFormat.of().formatHex(sha.digest()).substring(0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
