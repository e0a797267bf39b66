package io.canal.controller.charm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A {@code .charm} file: a plain zip whose root is the charm's folder.
 *
 * <p>Expansion follows Juju's: modes come from the archive, and the files of {@code hooks/} are made executable for their
 * owner, since many tools that zip forget the modes.
 */
public final class CharmArchive {

    private final Path file;
    private final Map<String, Member> members;
    private final String digest;

    private CharmArchive(Path file, Map<String, Member> members, String digest) {
        this.file = file;
        this.members = members;
        this.digest = digest;
    }

    /**
     * Opens an archive and checks its members.
     *
     * @throws CharmException when it is no zip, or a member's path or link would lead out of the charm
     */
    public static CharmArchive open(Path file) throws IOException, CharmException {
        return open(file, digest(file));
    }

    /** As above, for a file whose digest is known, since reading it all takes a while. */
    static CharmArchive open(Path file, String digest) throws IOException, CharmException {
        Map<String, Member> members = new LinkedHashMap<>();
        for (Member member : ZipDirectory.read(file)) {
            if (member.name().isEmpty() || member.name().equals(".")) {
                continue;
            }
            requireInside(member.name());
            members.put(member.name(), expanded(member));
        }
        CharmArchive archive = new CharmArchive(file, members, digest);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (Member member : members.values()) {
                if (member.kind() == Member.Kind.LINK) {
                    requireLinkInside(member.name(), text(zip, member.name()).orElse(""));
                }
            }
        }
        return archive;
    }

    private static Member expanded(Member member) {
        boolean hook = member.kind() == Member.Kind.FILE
                && member.name().startsWith("hooks/")
                && member.name().indexOf('/', "hooks/".length()) < 0;
        int mode = member.mode() | 0400 | (hook ? 0100 : 0) | (member.kind() == Member.Kind.FOLDER ? 0700 : 0);
        return new Member(member.name(), mode, member.kind(), member.modified());
    }

    private static void requireInside(String name) throws CharmException {
        if (name.startsWith("/") || Path.of(name).normalize().startsWith("..")) {
            throw new CharmException("archive member \"" + name + "\" lies outside the charm");
        }
    }

    private static void requireLinkInside(String link, String target) throws CharmException {
        if (target.startsWith("/")) {
            throw new CharmException("symlink \"" + link + "\" is absolute: \"" + target + "\"");
        }
        Path resolved = Path.of("/charm").resolve(link).resolveSibling(target).normalize();
        if (!resolved.startsWith("/charm")) {
            throw new CharmException("symlink \"" + link + "\" links out of charm: \"" + target + "\"");
        }
    }

    /** The file itself. */
    public Path file() {
        return file;
    }

    /** SHA-256 of the file, in hexadecimal digits. */
    public String digest() {
        return digest;
    }

    /** The paths of all members. */
    public Set<String> members() {
        return members.keySet();
    }

    /** A member's content as text. */
    public Optional<String> text(String member) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return text(zip, member);
        }
    }

    private static Optional<String> text(ZipFile zip, String member) throws IOException {
        ZipEntry entry = zip.getEntry(member);
        if (entry == null) {
            return Optional.empty();
        }
        try (InputStream in = zip.getInputStream(entry)) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** Writes the charm as a tar with modes, times and links: what a host can expand without more. */
    public void writeTar(OutputStream out) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile());
                TarStream tar = new TarStream(out)) {
            for (Member member : members.values()) {
                switch (member.kind()) {
                    case FOLDER -> tar.folder(member);
                    case LINK -> tar.link(member, text(zip, member.name()).orElse(""));
                    case FILE -> {
                        ZipEntry entry = zip.getEntry(member.name());
                        try (InputStream in = zip.getInputStream(entry)) {
                            tar.file(member, entry.getSize(), in);
                        }
                    }
                }
            }
        }
    }

    private static String digest(Path file) throws IOException {
        try (DigestInputStream in =
                new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
