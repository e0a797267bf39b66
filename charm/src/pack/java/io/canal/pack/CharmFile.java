package io.canal.pack;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Stream;

/** The charm's zip file, packed by Juju's own rules: modes 0755 or 0644 by the owner's x bit, symbolic links kept. */
final class CharmFile {

    private CharmFile() {}

    /** Writes it whole or not at all. */
    static void write(Path charm, Map<String, Object> members, Path program) throws IOException {
        Path fresh = charm.resolveSibling("." + charm.getFileName() + ".new");
        try (ZipFile zip = new ZipFile(fresh)) {
            for (Map.Entry<String, Object> member : members.entrySet()) {
                if (member.getValue() instanceof byte[] content) {
                    zip.file(member.getKey(), content, 0644);
                } else if (member.getValue() instanceof Path path) {
                    add(zip, path, member.getKey());
                }
            }
            add(zip, program, "program");
        }
        Files.move(fresh, charm, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void add(ZipFile zip, Path from, String name) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path path : tree.sorted().toList()) {
                Path relative = from.relativize(path);
                String member = relative.toString().isEmpty() ? name : name + "/" + relative;
                if (Files.isSymbolicLink(path)) {
                    zip.link(member, Files.readSymbolicLink(path).toString().getBytes(StandardCharsets.UTF_8));
                } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    zip.folder(member);
                } else {
                    zip.file(member, Files.readAllBytes(path), Files.isExecutable(path) ? 0755 : 0644);
                }
            }
        }
    }
}
