package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A machine of the lab: a network namespace, an overlay of the base tree, and systemd in it. */
public final class Host {

    private static final Duration LONGEST_BOOT = Duration.ofSeconds(60);
    /** Port 22 as /proc/net/tcp writes it, in state LISTEN. */
    private static final String SSH_LISTENS = ":0016 00000000:0000 0A";

    private final LabName lab;
    private final LabFolder folder;
    private final int number;

    Host(LabName lab, LabFolder folder, int number) {
        this.lab = lab;
        this.folder = folder;
        this.number = number;
    }

    /** Its hostname, such as {@code h1}. */
    public String name() {
        return "h" + number;
    }

    public int number() {
        return number;
    }

    public String address() {
        return "10.10.0." + number;
    }

    public String addressV6() {
        return "fd00:10:10::" + Integer.toHexString(number);
    }

    /** What the machine calls it, such as {@code canal-main-h1}: the name of its namespace and its cgroup. */
    public String machine() {
        return lab.prefix() + name();
    }

    /** The port of the switch that it is plugged into. */
    public String port() {
        return lab.text() + "-" + name();
    }

    /** Whether its systemd runs. */
    public boolean isUp() {
        return leader().isPresent();
    }

    /** Runs a program on the host, in all its namespaces, without SSH. */
    public Program program(String... argv) {
        return program(List.of(argv));
    }

    /** Runs a program on the host, in all its namespaces, without SSH. */
    public Program program(List<String> argv) {
        return inNamespaces("--mount", "--uts", "--ipc", "--net", "--pid").with(argv).cleanEnvironment()
                .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8").env("HOME", "/root");
    }

    /** Where a file of the host is to be seen from the machine, those on its /run and /tmp too. */
    public Path path(String absolute) {
        return Path.of("/proc/" + pid() + "/root" + absolute);
    }

    /** Identifies this boot of the host; another one after each reboot. */
    public String bootId() {
        try {
            return Files.readString(path("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException down) {
            throw new LabException("Host " + name() + " has gone down.", down);
        }
    }

    private Program inNamespaces(String... kinds) {
        return Program.of("nsenter", "--target", Long.toString(pid()), "--root", "--wd").with(kinds).with("--");
    }

    private long pid() {
        return leader().orElseThrow(() -> new LabException("Host " + name() + " of lab " + lab + " is not up."));
    }

    /** The host's process 1, as the machine numbers it. */
    private Optional<Long> leader() {
        return cgroup().processes("host/payload/init.scope").stream().filter(Host::isFirstInItsNamespace).findFirst();
    }

    private static boolean isFirstInItsNamespace(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .anyMatch(line -> line.startsWith("NSpid:") && line.endsWith("\t1"));
        } catch (IOException gone) {
            return false;
        }
    }

    Cgroup cgroup() {
        return new Cgroup(machine());
    }

    /** Switches it on, where it is not, and returns at once. */
    void powerOn(Switch plug, Path base) {
        if (isUp()) {
            return;
        }
        cgroup().kill();
        HostTree tree = folder.tree(this);
        tree.mount(base);
        tree.personalise(name());
        ProcessBuilder supervisor = new ProcessBuilder("setsid", "sh", folder.hostScript().toString(), machine(), tree.root().toString(),
                plug.namespace(), port(), mac(), address() + "/" + Switch.PREFIX_LENGTH, Switch.ADDRESS, name(),
                addressV6() + "/" + Switch.PREFIX_LENGTH_V6, Switch.ADDRESS_V6);
        supervisor.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        supervisor.redirectErrorStream(true);
        supervisor.redirectOutput(ProcessBuilder.Redirect.appendTo(tree.log().toFile()));
        try {
            supervisor.start();
        } catch (IOException cannotStart) {
            throw new LabException("Host " + name() + " cannot be started: " + cannotStart.getMessage(), cannotStart);
        }
    }

    /** Waits until it takes SSH connections. */
    public void awaitSsh() {
        if (!Pause.until(LONGEST_BOOT, this::takesSsh)) {
            throw new LabException("Host " + name() + " took no SSH connection within " + LONGEST_BOOT.toSeconds() + " s of its start; see "
                    + folder.tree(this).log() + ".");
        }
    }

    private boolean takesSsh() {
        return leader().map(Host::listensForSsh).orElse(false);
    }

    private static boolean listensForSsh(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/net/tcp")).contains(SSH_LISTENS);
        } catch (IOException gone) {
            return false;
        }
    }

    /** Reboots it, and returns when it takes SSH connections again. */
    public void reboot() {
        String before = bootId();
        program("systemctl", "reboot").run();
        boolean again = Pause.until(LONGEST_BOOT, () -> takesSsh() && !bootIdNow().equals(before));
        if (!again) {
            throw new LabException("Host " + name() + " did not come back within " + LONGEST_BOOT.toSeconds() + " s of its reboot.");
        }
    }

    private String bootIdNow() {
        try {
            return bootId();
        } catch (LabException betweenBoots) {
            return "";
        }
    }

    private String mac() {
        return String.format("02:0a:0a:00:00:%02x", number);
    }

    @Override
    public String toString() {
        return name();
    }
}
