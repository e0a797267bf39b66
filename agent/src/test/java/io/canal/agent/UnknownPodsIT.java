package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.SubnetKey;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UnknownPodsIT {

    private static final Optional<SubnetKey> OWN = Optional.of(SubnetKey.of("10.1.49.0-24"));

    @Test
    void a_host_route_within_the_subnet_to_a_pods_interface_is_one() throws Exception {
        try (TestNamespaces namespaces = new TestNamespaces()) {
            NetworkNamespace host = namespaces.add("host");
            try (UnknownPods pods = host.call(UnknownPods::new)) {
                assertFalse(pods.look(OWN));
                ip(host, "link", "add", "cali1", "type", "veth", "peer", "name", "pod1");
                ip(host, "link", "set", "cali1", "up");
                ip(host, "route", "add", "10.9.9.9/32", "dev", "cali1");
                pods.look(OWN);
                assertFalse(pods.present());
                ip(host, "route", "add", "10.1.49.7/32", "dev", "cali1");
                assertTrue(pods.look(OWN));
                assertTrue(pods.present());
                ip(host, "link", "del", "cali1");
                assertTrue(pods.look(OWN));
                assertFalse(pods.present());
            }
        }
    }
}
