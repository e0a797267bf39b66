package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The archive that this machine's apt takes its own packages from.
 *
 * @param uri such as {@code http://mirror.example/debian/}
 * @param suite such as {@code bookworm}
 * @param keyring file with the archive's keys; empty for debootstrap's choice
 * @param proxy empty for none
 */
record AptSource(String uri, String suite, String keyring, String proxy) {

    private static final String UNKNOWN = "$(";
    private static final String MIRRORS = "mirror+file:";

    static AptSource ofThisMachine() {
        String suite = codename();
        String targets = Program.of("apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)",
                "Created-By: Packages").must();
        for (String line : targets.lines().toList()) {
            String[] fields = line.split("\\|", -1);
            if (fields.length == 4 && fields[1].equals(suite) && fields[2].equals("main")) {
                Optional<String> archive = archive(fields[0]);
                if (archive.isPresent()) {
                    String keyring = fields[3].startsWith("/") && !fields[3].startsWith(UNKNOWN) ? fields[3] : "";
                    return new AptSource(archive.get(), suite, keyring, aptProxy());
                }
            }
        }
        throw new LabException("apt on this machine has no source for " + suite + " main with http, https or file, from which the hosts' tree"
                + " is made; see sources.list(5).");
    }

    /** What debootstrap can take: such a URI itself, or the first one in a list of mirrors, which Debian's cloud images use. */
    static Optional<String> archive(String uri) {
        if (uri.startsWith(MIRRORS)) {
            try (Stream<String> lines = Files.lines(Path.of(uri.substring(MIRRORS.length()).replaceAll("/+$", "")))) {
                return lines.map(line -> line.split("[\\s#]", 2)[0]).filter(AptSource::plain).findFirst();
            } catch (IOException notThere) {
                return Optional.empty();
            }
        }
        return plain(uri) ? Optional.of(uri) : Optional.empty();
    }

    private static boolean plain(String uri) {
        return uri.startsWith("http://") || uri.startsWith("https://") || uri.startsWith("file:");
    }

    private static String codename() {
        try {
            return Files.readAllLines(Path.of("/etc/os-release")).stream().filter(line -> line.startsWith("VERSION_CODENAME="))
                    .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", "")).findFirst()
                    .orElseThrow(() -> new LabException("/etc/os-release names no VERSION_CODENAME; the lab needs Debian or Ubuntu."));
        } catch (IOException notThere) {
            throw new LabException("/etc/os-release cannot be read; the lab needs Debian or Ubuntu.", notThere);
        }
    }

    private static String aptProxy() {
        String shell = Program.of("apt-config", "shell", "PROXY", "Acquire::http::Proxy").must().strip();
        return shell.startsWith("PROXY='") ? shell.substring("PROXY='".length(), shell.length() - 1) : "";
    }
}
