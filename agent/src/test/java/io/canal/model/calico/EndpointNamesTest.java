package io.canal.model.calico;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Names as Calico v3.32.1 gave them. */
final class EndpointNamesTest {

    @Test
    void a_pods_interface_is_named_by_the_hash_of_namespace_and_name() {
        assertEquals("cali0d7763386da", EndpointNames.podInterface("default", "web-0"));
        assertEquals("cali7f94ce7c295", EndpointNames.podInterface("default", "podA"));
        assertEquals("calibe25d4f2541", EndpointNames.podInterface("default", "my-pod.with-dash"));
    }

    @Test
    void a_containers_interface_is_named_by_its_id() {
        assertEquals("cali0123456789a", EndpointNames.containerInterface("0123456789abcdef"));
        assertEquals("caliv1", EndpointNames.containerInterface("v1"));
    }

    @Test
    void dashes_within_a_part_are_doubled() {
        assertEquals(Optional.of("node--1-k8s-my--pod.with--dash-eth0"), EndpointNames.workloadEndpoint("node-1", "k8s", "my-pod.with-dash", "eth0"));
    }

    @Test
    void a_part_with_a_dash_at_its_end_has_no_name() {
        assertEquals(Optional.empty(), EndpointNames.workloadEndpoint("node-", "k8s", "pod", "eth0"));
        assertEquals(Optional.empty(), EndpointNames.workloadEndpoint("node", "k8s", "-pod", "eth0"));
    }

    @Test
    void keys_of_other_things_are_no_resources() {
        assertEquals(Optional.empty(), ResourceKey.parse("/calico/ipam/v2/config"));
        assertEquals(Optional.empty(), ResourceKey.parse("/calico/resources/v3/projectcalico.org/nodes/a/b"));
        assertEquals(Optional.empty(), ResourceKey.parse("/calico/resources/v3/projectcalico.org/workloadendpoints/a"));
        assertEquals(Optional.empty(), ResourceKey.parse("/calico/resources/v3/projectcalico.org/nodes/"));
        assertEquals(Optional.empty(), ResourceKey.parse("/calico/resources/v3/projectcalico.org/frobnicators/a"));
    }

    @Test
    void a_name_cannot_leave_its_place() {
        assertThrows(IllegalArgumentException.class, () -> ResourceKey.of(Kind.PROFILE, "a/b"));
        assertThrows(IllegalArgumentException.class, () -> new ResourceKey(Kind.WORKLOAD_ENDPOINT, "a/..", "b"));
    }
}
