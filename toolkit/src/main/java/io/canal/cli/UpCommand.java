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

    /** The charm's default, and what {@code --ipv6} adds to it or puts in its place. */
    private static final String USUAL_CIDR = "10.1.0.0/16";
    private static final String IPV6_CIDR = "fd00:10:1::/56";

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

    @Option(names = "--ipv6", paramLabel = "dual|only", description = "Option cidr with a network of IPv6 as well, or alone.")
    private @Nullable String ipv6;

    @Option(names = "--backend", paramLabel = "vxlan|host-gw", description = "Option of the charm.")
    private @Nullable String backend;

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
        put(options, "cidr", networks());
        put(options, "backend", backend);
        put(options, "mtu", mtu);
        put(options, "lease-ttl", leaseTtl);
        Up up = new Up(lab, Optional.ofNullable(hosts), Optional.ofNullable(etcd), options, timeout);
        return up.run(Progress.toStandardOutput()) ? 0 : 1;
    }

    private @Nullable String networks() throws UsageException {
        return switch (ipv6) {
            case null -> cidr;
            case "dual" -> (cidr == null ? USUAL_CIDR : cidr) + "," + IPV6_CIDR;
            case "only" -> {
                if (cidr != null) {
                    throw new UsageException("--ipv6 only is the network " + IPV6_CIDR + ", and --cidr says " + cidr + "; leave out one of the two.");
                }
                yield IPV6_CIDR;
            }
            default -> throw new UsageException("--ipv6 is " + ipv6 + ", expected dual or only.");
        };
    }

    private static void put(Map<String, String> options, String name, @Nullable String value) {
        if (value != null) {
            options.put(name, value);
        }
    }
}
