package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.model.Mac;
import io.canal.model.calico.WorkloadEndpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AttachedPodsTest {

    @TempDir
    Path folder;

    @Test
    void a_pod_is_named_by_each_of_its_addresses_and_one_outside_kubernetes_by_its_container() throws Exception {
        Journal journal = new Journal(folder);
        journal.adding(attachment("default", "web", "c1", "10.1.49.7"));
        journal.adding(attachment("default", "", "c2", "10.1.49.8"));
        assertEquals(Map.of("10.1.49.7", "default/web", "10.1.49.8", "container c2"), AttachedPods.byAddress(folder));
    }

    @Test
    void a_node_without_a_journal_has_none() throws Exception {
        assertEquals(Map.of(), AttachedPods.byAddress(folder.resolve("absent")));
    }

    private static Attachment attachment(String namespace, String pod, String container, String address) {
        WorkloadEndpoint endpoint = WorkloadEndpoint.make("h1-k8s-" + container + "-eth0", new WorkloadEndpoint.Parts("h1", pod.isEmpty() ? "cni" : "k8s",
                namespace, pod, container, "eth0", "", List.of(Ip.of(address)), List.of(), "cali" + container, Mac.of("02:00:00:00:00:01"), Map.of(), List.of()));
        return new Attachment(new Attachment.Id(container, "eth0"), "canal", "/run/netns/" + container, 1450, false, "boot", 1, endpoint);
    }
}
