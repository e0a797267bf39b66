package io.canal.cli;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Brings up hosts with etcd, a node and canal on each, and proves that their pods reach each other. */
@Command(name = "up", description = "Brings up hosts with etcd, a node and canal on each, and proves that their pods reach each other."
        + " Again, it changes what is there: a newer charm, more hosts, other options.", mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {

    @Mixin
    private final LabOption lab = new LabOption();

    @Option(names = "--hosts", paramLabel = "N", description = "How many hosts; 3, or as many as there are.")
    private @Nullable Integer hosts;

    @Option(names = "--etcd", paramLabel = "3|1", description = "How many members etcd has; 3 where there are so many hosts, else 1.")
    private @Nullable Integer etcd;

    @Option(names = "--dataplane", paramLabel = "auto|nftables|iptables", description = "Option of the charm.")
    private @Nullable String dataplane;

    @Option(names = "--cidr", paramLabel = "CIDR", description = "Option of the charm.")
    private @Nullable String cidr;

    @Option(names = "--mtu", paramLabel = "BYTES", description = "Option of the charm.")
    private @Nullable String mtu;

    @Option(names = "--lease-ttl", paramLabel = "SECONDS", description = "Option of the charm.")
    private @Nullable String leaseTtl;

    @Option(names = "--config", paramLabel = "KEY=VALUE", description = "Any option of the charm.")
    private Map<String, String> config = new TreeMap<>();

    @Option(names = "--timeout", paramLabel = "TIME", defaultValue = "120s", converter = Durations.class,
            description = "How long the units may take to settle (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(120);

    @Override
    public Integer call() throws Exception {
        Map<String, String> options = new TreeMap<>(config);
        put(options, "dataplane", dataplane);
        put(options, "cidr", cidr);
        put(options, "mtu", mtu);
        put(options, "lease-ttl", leaseTtl);
        Up up = new Up(lab, Optional.ofNullable(hosts), Optional.ofNullable(etcd), options, timeout);
        return up.run(Progress.toStandardOutput()) ? 0 : 1;
    }

    private static void put(Map<String, String> options, String name, @Nullable String value) {
        if (value != null) {
            options.put(name, value);
        }
    }
}
