package io.canal.model.calico;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/** The names that Calico gives to endpoints and to their interfaces on the host. */
public final class EndpointNames {

    /** What the host side's interfaces begin with. */
    public static final String PREFIX = "cali";

    private static final int SUFFIX = 11;

    /** IFNAMSIZ without the NUL; a plus sign at the end would be a wildcard in iptables. */
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_.:@-]{1,15}");

    private EndpointNames() {}

    /** Whether rules can name an interface so; no other name that stands in etcd is one of an interface on Linux. */
    public static boolean isInterface(String name) {
        return INTERFACE.matcher(name).matches();
    }

    /** The interface of a Kubernetes pod: {@code cali} and 11 hexadecimal digits of the hash of {@code namespace.pod}. */
    public static String podInterface(String namespace, String pod) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-1").digest((namespace + "." + pod).getBytes(StandardCharsets.UTF_8));
            return PREFIX + HexFormat.of().formatHex(hash).substring(0, SUFFIX);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JVM has SHA-1", impossible);
        }
    }

    /** The interface of a container outside Kubernetes: {@code cali} and the first 11 characters of its id. */
    public static String containerInterface(String containerId) {
        return PREFIX + containerId.substring(0, Math.min(SUFFIX, containerId.length()));
    }

    /**
     * A WorkloadEndpoint's name: node, orchestrator, workload and the interface in the pod, with each dash within them doubled;
     * empty where a part begins or ends with a dash, which would make the name ambiguous.
     */
    public static Optional<String> workloadEndpoint(String node, String orchestrator, String workload, String interfaceName) {
        StringBuilder name = new StringBuilder();
        for (String part : new String[] {node, orchestrator, workload, interfaceName}) {
            if (part.isEmpty() || part.startsWith("-") || part.endsWith("-")) {
                return Optional.empty();
            }
            name.append(name.isEmpty() ? "" : "-").append(part.replace("-", "--"));
        }
        return Optional.of(name.toString());
    }
}
