package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The archive that this machine's apt takes its own packages from.
 *
 * @param uri such as {@code http://deb.debian.org/debian/}
 * @param suite such as {@code bookworm}
 * @param keyring file with the archive's keys; empty for debootstrap's choice
 * @param proxy empty for none
 */
record AptSource(String uri, String suite, String keyring, String proxy) {

    private static final String UNKNOWN = "$(";

    static AptSource ofThisMachine() {
        String suite = codename();
        String targets = Program.of("apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)",
                "Created-By: Packages").must();
        List<String[]> mains = targets.lines().map(line -> line.split("\\|", -1))
                .filter(fields -> fields.length == 4 && fields[1].equals(suite) && fields[2].equals("main")).toList();
        if (mains.isEmpty()) {
            throw new LabException("apt on this machine has no source for " + suite + " main, from which the hosts' tree is made; see"
                    + " sources.list(5).");
        }
        String[] first = mains.getFirst();
        String keyring = first[3].startsWith("/") && !first[3].startsWith(UNKNOWN) ? first[3] : "";
        return new AptSource(first[0], suite, keyring, aptProxy());
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
