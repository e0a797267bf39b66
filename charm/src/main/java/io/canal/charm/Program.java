package io.canal.charm;

import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The program that runs on nodes: runtime, jars, AOT cache, templates, CNI client. It comes in the charm's folder
 * {@code program/} and is installed as {@code /opt/canal/<digest>}, with the link {@code current}.
 *
 * <p>A folder that is installed is never written again: it may be running. The one that was current before is kept, since the
 * agent may still run from it, and older ones are removed.
 *
 * @param source the charm's folder {@code program/}
 */
record Program(Path source, NodePaths node) {

    /** What the program in the charm is called: a digest of all that is in it. */
    String digest() throws IOException {
        String digest = NodeFile.text(source.resolve("digest"));
        if (!digest.matches("[0-9a-f]{12,64}")) {
            throw new IOException(source.resolve("digest") + " does not hold a digest; the charm is incomplete");
        }
        return digest;
    }

    /** The version that operators see. */
    String version() throws IOException {
        return NodeFile.text(source.resolve("version"));
    }

    /** Where the program of this charm is on the node once it is installed. */
    Path home() throws IOException {
        return node.programDir().resolve(digest());
    }

    /** The link that leads to the program in use. */
    Path current() {
        return node.programDir().resolve("current");
    }

    /** Whether the program in use is this one. */
    boolean isCurrent() throws IOException {
        return Files.isSymbolicLink(current()) && Files.readSymbolicLink(current()).equals(Path.of(digest())) && Files.isDirectory(home());
    }

    /** Installs the program, and makes it the one in use. */
    void install() throws IOException {
        Path home = home();
        if (!Files.isDirectory(home, LinkOption.NOFOLLOW_LINKS)) {
            NodeFile.copyFolder(source, home);
        }
        Path before = Files.isSymbolicLink(current()) ? Files.readSymbolicLink(current()).getFileName() : null;
        if (NodeFile.link(current(), Path.of(digest()))) {
            removeAllBut(before == null ? List.of(digest()) : List.of(digest(), before.toString()));
        }
    }

    /** Whether a file is the CNI client of any program that is installed. */
    boolean isOurCniClient(Path file) throws IOException {
        for (Path program : installed()) {
            Path client = program.resolve("cni/calico");
            if (Files.isRegularFile(client) && Files.mismatch(client, file) < 0) {
                return true;
            }
        }
        return false;
    }

    private void removeAllBut(List<String> kept) throws IOException {
        for (Path program : installed()) {
            if (!kept.contains(String.valueOf(program.getFileName()))) {
                NodeFile.remove(program);
            }
        }
    }

    private List<Path> installed() throws IOException {
        if (!Files.isDirectory(node.programDir())) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(node.programDir())) {
            return entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)).sorted().toList();
        }
    }
}
