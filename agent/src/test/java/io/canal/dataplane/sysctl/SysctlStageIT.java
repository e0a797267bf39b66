package io.canal.dataplane.sysctl;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Extra;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetRange;
import io.canal.network.LocalNetwork;
import io.canal.network.Uplink;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SysctlStageIT {

    private static final NetworkConfig DUAL = new NetworkConfig(Optional.of(SubnetRange.of(Cidr.of("10.1.0.0/16"))),
            Optional.of(SubnetRange.of(Cidr.of("fd00:1::/56"))), false, Backend.VXLAN, Extra.NONE);

    @TempDir
    Path dir;
    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private final Table<String, LocalEndpoint> endpoints = new Table<>("endpoints");
    private Optional<LocalNetwork> local = Optional.empty();
    private Rtnl rtnl;

    @BeforeEach
    void open() throws IOException {
        rtnl = host.call(Rtnl::open);
        write("net/ipv4/ip_forward", "0");
        write("net/ipv6/conf/all/forwarding", "0");
    }

    @AfterEach
    void close() {
        rtnl.close();
    }

    @Test
    void the_node_forwards_ipv4_at_once_and_ipv6_where_the_network_has_it() throws Exception {
        run(stage());
        assertEquals("1", read("net/ipv4/ip_forward"));
        assertEquals("0", read("net/ipv6/conf/all/forwarding"));
        local = Optional.of(new LocalNetwork(DUAL, Optional.empty(), uplink(), 0));
        run(stage());
        assertEquals("1", read("net/ipv6/conf/all/forwarding"));
    }

    @Test
    void leaving_puts_back_what_was_before_also_by_another_process() throws Exception {
        local = Optional.of(new LocalNetwork(DUAL, Optional.empty(), uplink(), 0));
        run(stage());
        SysctlStage later = stage();
        run(later);
        host.run(later::removeAll);
        assertEquals("0", read("net/ipv4/ip_forward"));
        assertEquals("0", read("net/ipv6/conf/all/forwarding"));
    }

    @Test
    void what_was_right_before_us_stays_when_we_leave() throws Exception {
        write("net/ipv4/ip_forward", "1");
        SysctlStage stage = stage();
        run(stage);
        host.run(stage::removeAll);
        assertEquals("1", read("net/ipv4/ip_forward"));
    }

    @Test
    void an_uplink_that_lives_from_advertisements_goes_on_to() throws Exception {
        ip(host, "link", "add", "eth0", "type", "bridge");
        ip(host, "link", "set", "eth0", "up");
        ip(host, "-6", "route", "add", "2001:db8::/32", "dev", "eth0", "proto", "ra");
        local = Optional.of(new LocalNetwork(DUAL, Optional.empty(), uplink(), 0));
        SysctlStage stage = stage();
        run(stage);
        assertEquals("2", read("net/ipv6/conf/eth0/accept_ra"));
        host.run(stage::removeAll);
        assertEquals("1", read("net/ipv6/conf/eth0/accept_ra"));
    }

    @Test
    void an_uplink_with_addresses_by_hand_is_left_alone() throws Exception {
        ip(host, "link", "add", "eth0", "type", "bridge");
        local = Optional.of(new LocalNetwork(DUAL, Optional.empty(), uplink(), 0));
        run(stage());
        assertEquals("1", read("net/ipv6/conf/eth0/accept_ra"));
    }

    @Test
    void a_path_filter_that_was_made_loose_stays_so_until_it_is_known_that_nobody_needs_it() throws Exception {
        ip(host, "link", "add", "eth0", "type", "bridge");
        write("net/ipv4/conf/eth0/rp_filter", "1");
        LocalNetwork whole = new LocalNetwork(DUAL, Optional.empty(), uplink(), 0);
        local = Optional.of(whole.mixed(Backend.VXLAN));
        run(stage());
        assertEquals("2", read("net/ipv4/conf/eth0/rp_filter"));
        // Begun anew, the agent knows neither the network nor the peers at first.
        SysctlStage later = stage();
        local = Optional.empty();
        host.run(() -> later.run(new Pass(1, false)));
        local = Optional.of(whole);
        host.run(() -> later.run(new Pass(2, false)));
        assertEquals("2", read("net/ipv4/conf/eth0/rp_filter"));
        later.distrust();
        run(later);
        assertEquals("1", read("net/ipv4/conf/eth0/rp_filter"));
    }

    @Test
    void controls_of_a_pod_s_interface_are_kept() throws Exception {
        ip(host, "link", "add", "cali1", "type", "bridge");
        endpoints.put("cali1", new LocalEndpoint("cali1", "default", "pod", "pod", "c", List.of(Ip.of("10.1.1.2")), new Mac(1), Map.of(), List.of(), List.of()));
        SysctlStage stage = stage();
        run(stage);
        assertEquals("1", read("net/ipv4/conf/cali1/proxy_arp"));
        assertEquals("0", read("net/ipv4/neigh/cali1/proxy_delay"));
        write("net/ipv4/conf/cali1/proxy_arp", "0");
        stage.distrust();
        run(stage);
        assertEquals("1", read("net/ipv4/conf/cali1/proxy_arp"));
    }

    @Test
    void a_control_that_somebody_changed_is_told_and_what_we_set_first_is_not() throws Exception {
        ip(host, "link", "add", "cali1", "type", "bridge");
        endpoints.put("cali1", new LocalEndpoint("cali1", "default", "pod", "pod", "c", List.of(Ip.of("10.1.1.2")), new Mac(1), Map.of(), List.of(), List.of()));
        SysctlStage stage = stage();
        run(stage);
        stage.distrust();
        run(stage);
        assertEquals(List.of(), stage.takeRepairs());
        write("net/ipv4/conf/cali1/proxy_arp", "0");
        write("net/ipv4/ip_forward", "0");
        stage.distrust();
        run(stage);
        Repair.Kind kind = new Repair.Kind("sysctl", "system controls");
        assertEquals(Set.of(Repair.changed(kind, "net/ipv4/conf/cali1/proxy_arp", "0", "1"), Repair.changed(kind, "net/ipv4/ip_forward", "0", "1")),
                Set.copyOf(stage.takeRepairs()));
        assertEquals(List.of(), stage.takeRepairs());
    }

    /** As while the disk takes no writes. */
    @Test
    void what_could_not_be_set_at_first_was_changed_by_nobody() throws Exception {
        Path state = dir.resolve("state");
        Files.writeString(state, "no folder");
        SavedSysctls saved = SavedSysctls.load(state);
        assertThrows(IOException.class, () -> host.<IOException>run(() -> saved.set("net/ipv4/ip_forward", "1")));
        Files.delete(state);
        Files.createDirectory(state);
        host.<IOException>run(() -> saved.set("net/ipv4/ip_forward", "1"));
        assertEquals("1", read("net/ipv4/ip_forward"));
        assertEquals(List.of(), saved.takeRepairs());
    }

    @Test
    void the_interface_of_a_pod_that_is_just_gone_is_no_failure() throws Exception {
        endpoints.put("cali1", new LocalEndpoint("cali1", "default", "pod", "pod", "c", List.of(Ip.of("10.1.1.2")), new Mac(1), Map.of(), List.of(), List.of()));
        run(stage());
    }

    private SysctlStage stage() throws IOException {
        return new SysctlStage(rtnl, SavedSysctls.load(dir), () -> local, endpoints);
    }

    private void run(SysctlStage stage) throws Exception {
        host.run(() -> stage.run(new Pass(1, true)));
    }

    private Uplink uplink() throws IOException {
        int index = rtnl.link("eth0").map(link -> link.index()).orElse(99);
        return Uplink.of(index, "eth0", 1500, IpPrefix.of("10.10.0.1/24"));
    }

    private String read(String name) throws IOException {
        return host.call(() -> Sysctl.read(name)).orElseThrow();
    }

    private void write(String name, String value) throws IOException {
        host.run(() -> Sysctl.write(name, value));
    }
}
