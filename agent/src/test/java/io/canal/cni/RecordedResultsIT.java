package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.cni.RecordedCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * All calls that were recorded with the real Calico, in their order, made to our plugin: the same exit code and the same text on
 * standard output, to the byte, but for MACs, the host's part of addresses and the paths of namespaces.
 */
final class RecordedResultsIT extends HostScene {

    /** Where we say something else, and why. */
    private static final Map<String, String> OTHERWISE = Map.ofEntries(
            Map.entry("CHECK", "prints nothing, as the specification wants it"),
            Map.entry("ADD again, same container and netns", "gives the same result again"),
            Map.entry("VERSION", "speaks 1.1.0"),
            Map.entry("VERSION with stdin {\"cniVersion\":\"1.1.0\"}", "speaks 1.1.0"),
            Map.entry("STATUS, 1.1.0", "is answered"),
            Map.entry("GC, 1.1.0", "is done"),
            Map.entry("ADD cniVersion 1.1.0", "is done"),
            Map.entry("DEL cniVersion 1.1.0", "is done"),
            Map.entry("ADD charm conflist: cniVersion 0.3.0, subnet with host bits", "is done: it is the old charm's"),
            Map.entry("DEL charm conflist: cniVersion 0.3.0, subnet with host bits", "is done"),
            Map.entry("ADD mtu absent, no MTU file", "has the node's MTU"),
            Map.entry("ADD mtu absent, MTU file 1410", "has the node's MTU"),
            Map.entry("ADD floatingIPs without feature flag", "Kubernetes' annotations do not reach us"),
            Map.entry("ADD ipAddrs with host-local", "Kubernetes' annotations do not reach us"),
            Map.entry("ADD ipAddrsNoIpam without flag", "Kubernetes' annotations do not reach us"),
            Map.entry("ADD ipAddrsNoIpam with flag", "Kubernetes' annotations do not reach us"),
            Map.entry("ADD policy_setup_timeout_seconds -1", "is code 7, and not 999"),
            Map.entry("ADD second interface eth1 of the same pod", "has an interface of its own on the host"),
            Map.entry("ADD a route for the pod IP exists on another interface", "the test does not make it"));

    @Test
    void each_recorded_call_gets_the_recorded_answer_or_the_one_that_is_listed_here() throws Exception {
        Map<String, NetworkNamespace> pods = new HashMap<>();
        List<String> differences = new ArrayList<>();
        int same = 0;
        for (RecordedCall call : RecordedCall.ordinary()) {
            if (call.title().startsWith("chain: ") && call.title().endsWith("portmap")) {
                continue;
            }
            host.order("lease", "subnets", call.stdin().contains("10.1.94.") ? "10.1.94.0/24" : "10.244.1.0/24,fd00:10:244:1::/64");
            Map<String, String> environment = new HashMap<>(call.environment());
            environment.computeIfPresent("CNI_NETNS", (name, path) -> path.isEmpty() ? path
                    : pods.computeIfAbsent(path, any -> host.pod("r" + pods.size())).path().toString());
            var outcome = host.call(environment, call.stdin());
            boolean equal = outcome.code() == call.exit() && normal(outcome.out()).equals(normal(call.stdout()));
            if (OTHERWISE.containsKey(call.title())) {
                if (equal) {
                    differences.add(call.title() + " is as upstream, and needs no mention");
                }
            } else if (equal) {
                same++;
            } else {
                differences.add(call.title() + ": exit " + outcome.code() + " and\n" + normal(outcome.out()) + "\nwhere upstream has exit " + call.exit() + " and\n" + normal(call.stdout()));
            }
        }
        assertEquals(List.of(), differences);
        assertTrue(same > 50, same + " calls");
    }

    @Test
    void each_exception_is_of_a_recorded_call() {
        Set<String> titles = Set.copyOf(RecordedCall.ordinary().stream().map(RecordedCall::title).toList());
        OTHERWISE.keySet().forEach(title -> assertTrue(titles.contains(title), title));
    }

    private static String normal(String text) {
        return text.strip().replaceAll("\"mac\": \"[0-9a-f:]{17}\"", "\"mac\": MAC")
                .replaceAll("\"sandbox\": \"[^\"]+\"", "\"sandbox\": PATH")
                .replaceAll("(10\\.\\d+\\.\\d+\\.)\\d+/32", "$1X/32").replaceAll("(fd00:10:244:1::)[0-9a-f]+/128", "$1X/128");
    }
}
