package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.canal.lab.Host;
import io.canal.lab.fault.Leases;
import io.canal.model.Cidr;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("lab")
@Order(13)
@ExtendWith(StoryLab.class)
class RebootLabIT {

    @Test
    void a_host_that_is_rebooted_keeps_its_subnet() {
        Host h3 = StoryLab.host(3);
        Cidr before = new Leases(StoryLab.etcd()).of(h3).subnet();
        String boot = h3.bootId();
        h3.reboot();
        assertNotEquals(boot, h3.bootId());
        String status = StoryLab.canal("status", "--timeout", "120s", "--format", "json");
        assertEquals("Flannel subnet " + before.at(1) + "/24", Units.messageOn(status, "h3"));
        assertEquals(before, new Leases(StoryLab.etcd()).of(h3).subnet());
        StoryLab.canal("lab", "proof");
    }
}
