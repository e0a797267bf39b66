package io.canal.charm;

import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a node needs beside the program: the systemd unit, the CNI client, and the files that keep others away from our devices. */
record NodeSetup(NodePaths node, Program program, Templates templates, Systemd systemd) {

    static final String UNIT = "canal-agent.service";

    /** A unit of the version before this one. */
    private static final String AGAIN = "canal-agent-again.service";

    /** Units whose names ours takes as aliases: those of the daemons that it stands in for. */
    private static final List<String> ALIASES = List.of("flannel.service", "calico-node.service");

    private static final List<String> UNIT_FOLDERS = List.of("etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system");

    private static final String CALICOCTL = "usr/local/bin/calicoctl";

    /** Where a calicoctl of others would be: then ours is not to stand before it. */
    private static final List<String> COMMAND_FOLDERS = List.of("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "snap/bin");

    private static final Map<String, String> HANDS_OFF = Map.of(
            "etc/systemd/network/10-canal.link", """
                    # canal gives its devices their addresses itself, and keeps them.
                    [Match]
                    OriginalName=cali* flannel.* flannel-v6.*

                    [Link]
                    MACAddressPolicy=none
                    """,
            "etc/systemd/network/10-canal.network", """
                    [Match]
                    Name=cali* flannel.* flannel-v6.*

                    [Link]
                    Unmanaged=yes
                    """,
            // Of files that set one thing the last counts, and Calico's documentation has users write a calico.conf that sets this one.
            "etc/NetworkManager/conf.d/zz-canal.conf", """
                    [keyfile]
                    # Added to what the files before this one name.
                    unmanaged-devices+=interface-name:cali*;interface-name:flannel.*;interface-name:flannel-v6.*
                    """);

    /** Files that versions before this one wrote. */
    private static final List<String> FORMER = List.of("etc/NetworkManager/conf.d/10-canal.conf");

    /** Who has to read them. udev does by itself. */
    private static final List<String> OTHERS = List.of("systemd-networkd.service", "NetworkManager.service");

    /** Whether the unit is there, which is installed last. */
    boolean isDone() {
        return Files.exists(unitFile());
    }

    /** Puts all of it in place. */
    void install() throws IOException {
        tellOthers();
        installCniClient();
        installCalicoctl();
        retireForeignUnits();
        String unit = templates.render("canal-agent.service.ftl", Map.of("home", "/" + node.root().relativize(program.current())));
        boolean again = Files.deleteIfExists(unitFile().resolveSibling(AGAIN));
        if (NodeFile.put(unitFile(), unit, "rw-r--r--") || again) {
            systemd.control("daemon-reload");
        }
        if (!systemd.control("enable", "--quiet", UNIT)) {
            throw new IOException("systemctl enable " + UNIT + " failed; see: systemctl status " + UNIT);
        }
    }

    /** Takes all of it away again, and puts back what was there before. */
    void remove() throws IOException {
        systemd.control("disable", "--quiet", UNIT);
        Files.deleteIfExists(unitFile());
        Files.deleteIfExists(unitFile().resolveSibling(AGAIN));
        for (String alias : ALIASES) {
            for (String folder : UNIT_FOLDERS) {
                Path file = node.at(folder).resolve(alias);
                if (isOurAlias(file) || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    Aside.restore(file);
                }
            }
        }
        systemd.control("daemon-reload");
        restoreForeignUnits();
        Path client = cniClient();
        if (Files.isRegularFile(client) && program.isOurCniClient(client)) {
            Aside.restore(client);
        }
        for (String file : HANDS_OFF.keySet()) {
            Files.deleteIfExists(node.at(file));
        }
        for (String file : FORMER) {
            Files.deleteIfExists(node.at(file));
        }
        if (isOurCalicoctl()) {
            Files.delete(node.at(CALICOCTL));
        }
        for (String made : NodeFile.text(madeFolders()).lines().toList()) {
            NodeFile.removeIfEmpty(node.at(made));
        }
    }

    /** What others have read when our devices come is too late for them to leave those alone; a reload interrupts nothing. */
    private void tellOthers() throws IOException {
        boolean news = false;
        for (Map.Entry<String, String> file : HANDS_OFF.entrySet()) {
            noteFolders(node.at(file.getKey()).resolveSibling(""));
            news |= NodeFile.put(node.at(file.getKey()), file.getValue(), "rw-r--r--");
        }
        for (String file : FORMER) {
            news |= Files.deleteIfExists(node.at(file));
        }
        for (String other : OTHERS) {
            if (news && systemd.control("is-active", "--quiet", other)) {
                systemd.control("reload", other);
            }
        }
    }

    /** Notes the folders that are not there and will be made, the innermost first, so that they can be taken away again. */
    private void noteFolders(Path folder) throws IOException {
        List<String> made = new ArrayList<>(NodeFile.text(madeFolders()).lines().toList());
        for (Path each = folder; each != null && !Files.exists(each); each = each.getParent()) {
            String name = node.root().relativize(each).toString();
            if (!made.contains(name)) {
                made.add(name);
            }
        }
        if (!made.isEmpty()) {
            NodeFile.put(madeFolders(), String.join("\n", made) + "\n", "rw-r--r--");
        }
    }

    private void installCniClient() throws IOException {
        Path client = cniClient();
        byte[] ours = Files.readAllBytes(program.source().resolve("cni/calico"));
        if (Files.exists(client, LinkOption.NOFOLLOW_LINKS) && !program.isOurCniClient(client)) {
            Aside.keep(client);
        }
        NodeFile.put(client, ours, "rwxr-xr-x");
    }

    /** Puts our commands where users look for calicoctl, unless there is one. A node works without: its /usr may not be written to. */
    private void installCalicoctl() throws IOException {
        Path link = node.at(CALICOCTL);
        boolean foreign = COMMAND_FOLDERS.stream().anyMatch(folder -> Files.exists(node.at(folder).resolve("calicoctl"), LinkOption.NOFOLLOW_LINKS));
        if (!foreign || isOurCalicoctl()) {
            noteFolders(link.resolveSibling(""));
            try {
                Files.createDirectories(link.resolveSibling(""));
                NodeFile.link(link, calicoctl());
            } catch (FileSystemException unwritable) {
                // It is at /opt/canal/current/bin all the same.
            }
        }
    }

    private boolean isOurCalicoctl() throws IOException {
        Path link = node.at(CALICOCTL);
        return Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(calicoctl());
    }

    private Path calicoctl() {
        return Path.of("/").resolve(node.root().relativize(program.current())).resolve("bin/calicoctl");
    }

    /** Stops and moves aside real units that have the names of our aliases: enabling an alias fails where a file has its name. */
    private void retireForeignUnits() throws IOException {
        for (String alias : ALIASES) {
            for (String folder : UNIT_FOLDERS) {
                Path file = node.at(folder).resolve(alias);
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !isOurAlias(file)) {
                    noteForeignUnit(alias);
                    systemd.control("disable", "--now", "--quiet", alias);
                    Aside.keep(file);
                }
            }
        }
    }

    /** Notes whether a foreign unit ran and whether it was to run at boot, once, before it is stopped. */
    private void noteForeignUnit(String unit) throws IOException {
        List<String> noted = new ArrayList<>(NodeFile.text(foreignUnits()).lines().toList());
        if (noted.stream().noneMatch(line -> line.startsWith(unit + " "))) {
            String enabled = systemd.control("is-enabled", "--quiet", unit) ? "enabled" : "disabled";
            String active = systemd.control("is-active", "--quiet", unit) ? "active" : "inactive";
            noted.add(unit + " " + enabled + " " + active);
            NodeFile.put(foreignUnits(), String.join("\n", noted) + "\n", "rw-r--r--");
        }
    }

    private void restoreForeignUnits() throws IOException {
        for (String line : NodeFile.text(foreignUnits()).lines().toList()) {
            String unit = line.substring(0, line.indexOf(' '));
            if (line.contains(" enabled ")) {
                systemd.control("enable", "--quiet", unit);
            }
            if (line.endsWith(" active")) {
                systemd.control("start", "--no-block", unit);
            }
        }
    }

    private Path foreignUnits() {
        return node.at("etc/canal/foreign-units");
    }

    private Path madeFolders() {
        return node.at("etc/canal/made-folders");
    }

    private static boolean isOurAlias(Path file) throws IOException {
        return Files.isSymbolicLink(file) && Files.readSymbolicLink(file).endsWith(UNIT);
    }

    private Path cniClient() {
        return node.cniBinDir().resolve("calico");
    }

    private Path unitFile() {
        return node.at("etc/systemd/system").resolve(UNIT);
    }
}
