package io.canal.story;

import io.canal.lab.Host;
import io.canal.lab.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Debian's podman and containerd on a host of the lab, with its CNI configuration and an image of nothing but busybox. */
final class Runtimes implements AutoCloseable {

    static final String IMAGE = "lab.local/pause:1";

    private static final String CONTAINERD = """
            version = 2
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "%s"
              restrict_oom_score_adj = true
              disable_cgroup = true
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "native"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/opt/cni/bin"
                conf_dir = "/etc/cni/net.d"
            """.formatted(IMAGE);

    private static final String CONTAINERS = """
            [network]
            network_backend = "cni"
            cni_plugin_dirs = ["/opt/cni/bin"]
            network_config_dir = "/etc/cni/net.d"
            default_network = "cdk-canal"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime = "crun"
            """;

    private static final String STORAGE = """
            [storage]
            driver = "vfs"
            graphroot = "/var/lib/containers/storage"
            runroot = "/run/containers/storage"
            """;

    // The controllers of cgroups v1 are mounted read-only in a container, and there the runtimes make groups. Both copy resolv.conf.
    private static final String PREPARE = """
            touch /etc/resolv.conf
            for group in /sys/fs/cgroup/*/; do
                ! mountpoint -q "$group" || mount -o remount,bind,rw "$group"
            done
            mkdir -p /root/pause/bin
            cp /bin/busybox /root/pause/bin/busybox
            """;

    private static final String LOAD = """
            tar -C /root/pause -c . | podman import -q --change 'CMD ["/bin/busybox","sleep","2147483647"]' - lab.local/pause:1
            podman save -q --format docker-archive -o /root/pause.tar lab.local/pause:1
            ctr -n k8s.io images import --snapshotter native /root/pause.tar
            """;

    private final Host host;

    private Runtimes(Host host) {
        this.host = host;
    }

    static Runtimes start(Host host) {
        Runtimes runtimes = new Runtimes(host);
        runtimes.write("/etc/containerd/config.toml", CONTAINERD);
        runtimes.write("/etc/containers/containers.conf", CONTAINERS);
        runtimes.write("/etc/containers/storage.conf", STORAGE);
        host.program("sh", "-euc", PREPARE).must();
        host.program("systemctl", "start", "containerd").must();
        host.program("sh", "-euc", LOAD).must();
        Path socket = runtimes.socket();
        if (!Pause.until(Duration.ofSeconds(60), () -> Files.exists(socket))) {
            throw new AssertionError("containerd of " + host + " does not listen");
        }
        return runtimes;
    }

    Cri cri() {
        return new Cri(socket());
    }

    /** Runs a container of podman, with more options for it. */
    void podman(String name, String... options) {
        List<String> argv = new ArrayList<>(List.of("podman", "run", "-d", "--name", name, "--network", "cdk-canal", "--cgroups", "disabled"));
        argv.addAll(List.of(options));
        argv.add(IMAGE);
        host.program(argv).must();
    }

    String podmanNetns(String name) {
        return host.program("podman", "inspect", "--format", "{{.NetworkSettings.SandboxKey}}", name).must().strip();
    }

    String podmanAddress(String name) {
        return host.program("podman", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name).must().strip();
    }

    void removePodman(String name) {
        host.program("podman", "rm", "-f", "-t", "0", name).must();
    }

    private Path socket() {
        return host.path("/run/containerd/containerd.sock");
    }

    private void write(String file, String text) {
        try {
            Path path = host.path(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, text);
        } catch (IOException refused) {
            throw new AssertionError(refused);
        }
    }

    @Override
    public void close() {
        host.program("podman", "rm", "-f", "-a", "-t", "0").run();
        host.program("systemctl", "stop", "containerd").must();
    }
}
