package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.juju.Status;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HooksTest {

    @TempDir
    private Path folder;

    private FakeNode node;

    @BeforeEach
    void begin() throws IOException {
        node = new FakeNode(folder);
    }

    @Test
    void without_etcd_the_unit_is_blocked() throws IOException {
        node.hook("install");
        node.hook("config-changed");
        assertEquals(Status.blocked("Waiting for etcd relation."), node.juju.lastStatus());
    }

    @Test
    void while_etcd_has_published_nothing_the_unit_waits() throws IOException {
        node.hook("install");
        node.juju.relation("etcd:1", Map.of("etcd/0", Map.of("ingress-address", "10.10.0.1")));
        node.hook("etcd-relation-joined");
        assertEquals(Status.waiting("Waiting on etcd."), node.juju.lastStatus());
    }

    @Test
    void with_etcd_the_agent_is_configured_started_and_its_subnet_reported_and_published() throws IOException {
        node.connect();
        assertEquals(Status.active("Flannel subnet 10.1.49.1/24"), node.juju.lastStatus());
        assertEquals(Map.of("cidr", "10.1.0.0/16", "cni-conf-file", "10-canal.conflist"), node.juju.bag("cni:2", "canal/0"));
        String yaml = node.text("etc/canal/agent.yaml");
        assertTrue(yaml.contains("- \"https://10.10.0.1:2379\""), yaml);
        assertTrue(yaml.contains("unit: \"canal/0\""), yaml);
        assertTrue(node.asked.contains("systemctl start --no-block canal-agent.service"), node.asked::toString);
    }

    @Test
    void keys_are_secret_and_old_paths_lead_to_the_same_version() throws IOException {
        node.connect();
        Path key = node.paths.at("etc/canal/tls/current/key.pem");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(node.paths.agentYaml())));
        for (String old : List.of("etc/ssl/flannel/client-key.pem", "opt/calicoctl/etcd-key")) {
            assertTrue(Files.isSameFile(key, node.paths.at(old)), old);
        }
    }

    @Test
    void a_second_hook_with_nothing_new_starts_and_publishes_nothing() throws IOException {
        node.connect();
        node.asked.clear();
        node.hook("etcd-relation-changed");
        node.hook("update-status");
        assertEquals(List.of(), node.asked);
        assertEquals(List.of("cni:2"), node.juju.published());
    }

    @Test
    void what_somebody_wrote_into_the_agents_configuration_goes_with_the_next_hook() throws IOException {
        node.connect();
        node.hook("update-status");
        String ours = node.text("etc/canal/agent.yaml");
        node.write("etc/canal/agent.yaml", ours.replace("mtu: 0", "mtu: 1300"));
        node.asked.clear();
        node.hook("update-status");
        assertEquals(ours, node.text("etc/canal/agent.yaml"));
        assertEquals(List.of("reload"), node.asked);
    }

    @Test
    void few_hook_tools_are_called() throws IOException {
        node.connect();
        int before = node.juju.calls();
        node.hook("update-status");
        assertTrue(node.juju.calls() - before <= 10, "a hook tool is a process: " + (node.juju.calls() - before));
    }

    @Test
    void a_changed_option_is_written_and_the_agent_told() throws IOException {
        node.connect();
        node.asked.clear();
        node.juju.option("mtu", 1400);
        node.hook("config-changed");
        assertEquals(List.of("reload"), node.asked);
        assertTrue(node.text("etc/canal/agent.yaml").contains("mtu: 1400"));
    }

    @Test
    void the_status_after_a_change_is_what_the_agent_answered_to_it() throws IOException {
        node.hook("install");
        node.related().hook("etcd-relation-changed");
        node.answers.put("reload", Json.compact(FakeNode.waiting("no uplink", "MTU 1400 is more than the uplink carries").encode()));
        node.juju.option("mtu", 1400);
        node.hook("config-changed");
        assertEquals(Status.blocked("MTU 1400 is more than the uplink carries"), node.juju.lastStatus());
    }

    @Test
    void an_agent_that_takes_long_to_bring_the_kernel_up_to_date_is_no_agent_that_does_not_answer() throws IOException {
        node.connect();
        node.juju.leader(true);
        node.asked.clear();
        node.slow.add("reload");
        node.juju.option("mtu", 1400).option("cidr", "10.2.0.0/16");
        node.hook("config-changed");
        assertEquals(Status.active("Flannel subnet 10.1.49.1/24"), node.juju.lastStatus());
        assertTrue(node.asked.getLast().startsWith("put-network"), node.asked.toString());
    }

    @Test
    void where_no_juju_is_the_sentence_names_the_command_that_is_there() throws IOException {
        node.juju.option("cidr", "10.1.0.0/99");
        node.hook("install");
        node.hook("config-changed", "JUJU_API_ADDRESSES", "");
        assertTrue(node.juju.lastStatus().message().endsWith("; set it with canal config"), node.juju.lastStatus().message());
    }

    @Test
    void a_bad_option_blocks_with_a_sentence_and_leaves_what_works() throws IOException {
        node.connect();
        String before = node.text("etc/canal/agent.yaml");
        node.asked.clear();
        node.juju.option("cidr", "10.1.0.0/99").option("port", 70000);
        node.hook("config-changed");
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        String message = node.juju.lastStatus().message();
        assertTrue(message.contains("cidr is \"10.1.0.0/99\"") && message.contains("port is \"70000\"") && message.endsWith("set them with juju config"), message);
        assertEquals(before, node.text("etc/canal/agent.yaml"));
        assertEquals(List.of(), node.asked);
    }

    @Test
    void an_agent_that_refuses_its_configuration_blocks_with_its_sentence() throws IOException {
        node.connect();
        node.refusal = Optional.of("option iface is \"eth9\", expected an interface of this node");
        node.juju.option("iface", "eth9");
        node.hook("config-changed");
        assertEquals(Status.blocked("option iface is \"eth9\", expected an interface of this node"), node.juju.lastStatus());
    }

    @Test
    void the_leader_tells_the_network_once() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.related().hook("etcd-relation-changed");
        node.hook("update-status");
        String expected = "put-network {\"network\":{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}}";
        assertEquals(1, node.asked.stream().filter(expected::equals).count(), node.asked::toString);
        node.juju.option("vni", 4096).option("port", 4789);
        node.hook("config-changed");
        assertTrue(node.asked.contains("put-network {\"network\":{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":4096,\"Port\":4789}}}"), node.asked::toString);
    }

    @Test
    void one_who_does_not_lead_does_not_tell_it() throws IOException {
        node.connect();
        assertFalse(node.asked.toString().contains("put-network"));
    }

    @Test
    void a_new_leader_does_not_repeat_what_the_one_before_has_told() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.related().hook("etcd-relation-changed");
        FakeNode second = new FakeNode(folder.resolve("second"));
        second.hook("install");
        second.related().hook("etcd-relation-changed");
        second.juju.relation("peer:0", Map.of("canal", node.juju.bag("peer:0", "canal"))).leader(true);
        second.hook("leader-elected");
        assertFalse(second.asked.toString().contains("put-network"), second.asked::toString);
        second.juju.option("vni", 4096);
        second.hook("config-changed");
        assertTrue(second.asked.toString().contains("put-network"), second.asked::toString);
    }

    @Test
    void another_etcd_is_told_the_network_too() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.related().hook("etcd-relation-changed");
        node.asked.clear();
        node.juju.without("etcd:1").relation("etcd:7", Map.of("etcd/0", FakeNode.etcd("https://10.10.0.9:2379")));
        node.hook("etcd-relation-changed");
        assertTrue(node.asked.toString().contains("put-network"), node.asked::toString);
    }

    @Test
    void a_network_that_waits_for_etcd_is_told_until_it_is_in_force() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.answers.put("put-network", "{\"spooled\":true}");
        node.related().hook("etcd-relation-changed");
        node.answers.clear();
        node.asked.clear();
        node.hook("update-status");
        assertEquals(1, node.asked.size(), node.asked::toString);
        node.hook("update-status");
        assertEquals(1, node.asked.size(), node.asked::toString);
    }

    @Test
    void a_network_that_cannot_be_had_blocks_until_the_option_is_put_back() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.related().hook("etcd-relation-changed");
        node.refusal = Optional.of("The network cannot become 10.2.0.0/16 while 3 nodes hold subnets of 10.1.0.0/16.");
        node.juju.option("cidr", "10.2.0.0/16");
        node.hook("config-changed");
        node.hook("update-status");
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        assertTrue(node.juju.lastStatus().message().startsWith("The network cannot become 10.2.0.0/16"));
        assertEquals("10.1.0.0/16", node.juju.bag("cni:2", "canal/0").get("cidr"));
        node.refusal = Optional.empty();
        node.juju.option("cidr", "10.1.0.0/16");
        node.hook("config-changed");
        assertEquals(Status.active("Flannel subnet 10.1.49.1/24"), node.juju.lastStatus());
    }

    @Test
    void an_agent_without_subnet_waits_with_its_own_reason_and_publishes_nothing() throws IOException {
        node.hook("install");
        node.afterStart = Optional.of(FakeNode.waiting("etcd does not answer", ""));
        node.related().hook("etcd-relation-changed");
        assertEquals(Status.waiting("Waiting for Flannel: etcd does not answer"), node.juju.lastStatus());
        assertEquals(List.of(), node.juju.published());
    }

    @Test
    void what_only_an_operator_can_mend_blocks_with_the_remedy() throws IOException {
        node.hook("install");
        node.afterStart = Optional.of(FakeNode.waiting("no subnet", "There is no free subnet. Release one: list-leases"));
        node.related().hook("etcd-relation-changed");
        assertEquals(Status.blocked("There is no free subnet. Release one: list-leases"), node.juju.lastStatus());
    }

    @Test
    void an_agent_that_does_not_come_up_is_waited_for_no_longer_than_a_hook_may() throws IOException {
        node.hook("install");
        node.afterStart = Optional.empty();
        node.related().hook("etcd-relation-changed");
        assertEquals(Status.Kind.WAITING, node.juju.lastStatus().kind());
        assertTrue(node.juju.lastStatus().message().contains("journalctl -u canal-agent.service"));
    }

    @Test
    void the_uplink_is_the_one_that_the_endpoint_is_bound_to_unless_an_option_names_one() throws IOException {
        node.juju.network(Json.object("", """
                {"bind-addresses":[{"interface-name":"fan-250","addresses":[{"value":"250.0.0.1"}]},
                                   {"interface-name":"ens5","addresses":[{"value":"10.77.0.11"}]}]}""").orThrow());
        node.connect();
        assertTrue(node.text("etc/canal/agent.yaml").contains("iface: \"ens5\"\npublic-ip: \"10.77.0.11\""));
        node.juju.option("iface", "ens6");
        node.hook("config-changed");
        assertTrue(node.text("etc/canal/agent.yaml").contains("iface: \"ens6\"\npublic-ip: \"\""));
    }

    @Test
    void the_tunnel_is_never_taken_for_the_uplink_though_juju_may_name_it_first() throws IOException {
        node.juju.network(Json.object("", """
                {"bind-addresses":[{"interface-name":"flannel.1","addresses":[{"value":"10.1.79.0"}]},
                                   {"interface-name":"eth0","addresses":[{"value":"10.77.0.12"}]}]}""").orThrow());
        node.connect();
        assertTrue(node.text("etc/canal/agent.yaml").contains("iface: \"eth0\"\npublic-ip: \"10.77.0.12\""));
        node.juju.network(Json.object("", """
                {"bind-addresses":[{"interface-name":"flannel.1","addresses":[{"value":"10.1.79.0"}]}]}""").orThrow());
        node.hook("config-changed");
        assertTrue(node.text("etc/canal/agent.yaml").contains("iface: \"\"\npublic-ip: \"\""));
    }

    @Test
    void hooks_about_other_principals_do_nothing() throws IOException {
        node.hook("install");
        int before = node.juju.calls();
        node.hook("cni-relation-joined", "JUJU_RELATION_ID", "cni:2", "JUJU_REMOTE_UNIT", "node/1", "JUJU_REMOTE_APP", "node");
        node.hook("cni-relation-departed", "JUJU_RELATION_ID", "cni:2", "JUJU_REMOTE_UNIT", "node/1", "JUJU_DEPARTING_UNIT", "node/1");
        assertEquals(before, node.juju.calls());
    }

    @Test
    void a_kubeconfig_that_an_old_principal_names_is_used() throws IOException {
        node.hook("install");
        node.related();
        node.juju.relation("cni:2", Map.of("node/0", Map.of("kubeconfig_path", "/root/.kube/config"), "node/1", Map.of("kubeconfig_path", "/wrong")));
        node.hook("etcd-relation-changed");
        assertTrue(node.text("etc/canal/agent.yaml").contains("kubeconfig: \"/root/.kube/config\""));
    }

    @Test
    void a_second_unit_on_the_machine_is_blocked_with_the_firsts_name_and_removes_nothing() throws IOException {
        node.connect();
        List<String> before = node.tree();
        node.unit = "canal/7";
        node.asked.clear();
        node.hook("install");
        node.hook("config-changed");
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        assertTrue(node.juju.lastStatus().message().contains("canal/0"));
        node.hook("stop");
        node.hook("remove");
        assertEquals(before, node.tree());
        assertEquals(List.of(), node.asked);
    }

    @Test
    void the_second_unit_takes_over_when_the_first_one_leaves() throws IOException {
        node.connect();
        node.unit = "canal/7";
        node.hook("install");
        node.unit = "canal/0";
        node.hook("stop");
        NodeFile.remove(node.charmDir.resolve(".canal-leaving"));
        node.unit = "canal/7";
        node.asked.clear();
        node.hook("update-status");
        assertEquals("canal/7\n", node.text("etc/canal/unit"));
        assertEquals("client of " + "a".repeat(24), node.text("opt/cni/bin/calico"));
        assertEquals(Status.active("Flannel subnet 10.1.49.1/24"), node.juju.lastStatus());
    }

    @Test
    void a_unit_that_vanished_without_a_word_does_not_hold_the_node() throws IOException {
        node.write("etc/canal/unit", "canal/5\n");
        node.hook("install");
        assertEquals("canal/0\n", node.text("etc/canal/unit"));
    }

    @Test
    void upgrade_switches_the_program_restarts_the_agent_and_keeps_the_previous() throws IOException {
        node.connect();
        for (String next : List.of("b", "c")) {
            node.asked.clear();
            node.program(next.repeat(24));
            node.hook("upgrade-charm");
            assertTrue(node.asked.contains("systemctl restart --no-block canal-agent.service"), node.asked::toString);
            assertEquals("client of " + next.repeat(24), node.text("opt/cni/bin/calico"));
        }
        assertFalse(node.exists("opt/canal/" + "a".repeat(24)));
        assertTrue(node.exists("opt/canal/" + "b".repeat(24)));
        assertFalse(node.exists("opt/cni/bin/calico.before-canal"));
        assertEquals(Status.active("Flannel subnet 10.1.49.1/24"), node.juju.lastStatus());
    }

    @Test
    void a_new_program_is_started_as_soon_as_nothing_blocks() throws IOException {
        node.connect();
        node.asked.clear();
        node.program("b".repeat(24));
        node.juju.option("mtu", 1);
        node.hook("upgrade-charm");
        assertFalse(node.asked.toString().contains("restart"), node.asked::toString);
        node.juju.option("mtu", 1400);
        node.hook("config-changed");
        assertTrue(node.asked.contains("systemctl restart --no-block canal-agent.service"), node.asked::toString);
        node.asked.clear();
        node.hook("update-status");
        assertEquals(List.of(), node.asked);
    }

    @Test
    void etcds_new_endpoints_and_certificates_reach_the_agent() throws IOException {
        node.connect();
        node.asked.clear();
        Map<String, String> renewed = new HashMap<>(FakeNode.etcd("https://10.10.0.1:2379,https://10.10.0.2:2379"));
        renewed.put("client_cert", FakeNode.PEM.replace("AAAA", "BBBB"));
        node.juju.relation("etcd:1", Map.of("etcd/0", renewed));
        node.hook("etcd-relation-changed");
        assertEquals(List.of("reload"), node.asked);
        assertTrue(node.text("etc/canal/tls/current/cert.pem").contains("BBBB"));
    }

    @Test
    void a_relation_value_that_cannot_be_used_is_named_and_a_key_is_never_shown() throws IOException {
        node.hook("install");
        node.related();
        node.juju.relation("etcd:1", Map.of("etcd/0", FakeNode.etcd("10.10.0.1")));
        node.hook("etcd-relation-changed");
        assertTrue(node.juju.lastStatus().message().startsWith("relation etcd, etcd/0: connection_string is \"10.10.0.1\""));
        Map<String, String> bad = new HashMap<>(FakeNode.etcd("https://10.10.0.1:2379"));
        bad.put("client_key", "secret words");
        node.juju.relation("etcd:1", Map.of("etcd/0", bad));
        node.hook("etcd-relation-changed");
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        assertFalse(node.juju.lastStatus().message().contains("secret words"));
    }

    @Test
    void the_etcd_relation_alone_removed_blocks_and_leaves_the_network_working() throws IOException {
        node.connect();
        List<String> before = node.tree();
        node.asked.clear();
        node.hook("etcd-relation-departed", "JUJU_RELATION_ID", "etcd:1", "JUJU_REMOTE_UNIT", "etcd/0", "JUJU_DEPARTING_UNIT", "etcd/0");
        node.hook("etcd-relation-broken", "JUJU_RELATION_ID", "etcd:1", "JUJU_REMOTE_APP", "etcd");
        assertEquals(Status.blocked("Waiting for etcd relation."), node.juju.lastStatus());
        assertEquals(before, node.tree());
        assertEquals(List.of(), node.asked);
    }

    @Test
    void a_second_unit_that_leads_tells_the_network_to_the_agent_of_its_machine() throws IOException {
        node.connect();
        node.unit = "canal/7";
        node.juju.leader(true);
        node.hook("leader-elected");
        assertTrue(node.asked.toString().contains("put-network"), node.asked::toString);
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        node.asked.clear();
        node.hook("update-status");
        assertEquals(List.of(), node.asked);
    }

    @Test
    void etcds_new_endpoints_reach_the_agent_though_an_option_cannot_be_used() throws IOException {
        node.hook("install");
        node.juju.option("mtu", 1400);
        node.related().hook("etcd-relation-changed");
        node.asked.clear();
        node.juju.option("mtu", 1);
        node.juju.relation("etcd:1", Map.of("etcd/0", FakeNode.etcd("https://10.10.0.9:2379")));
        node.hook("etcd-relation-changed");
        assertEquals(Status.Kind.BLOCKED, node.juju.lastStatus().kind());
        assertTrue(node.juju.lastStatus().message().contains("mtu"));
        assertEquals(List.of("reload"), node.asked);
        String yaml = node.text("etc/canal/agent.yaml");
        assertTrue(yaml.contains("https://10.10.0.9:2379") && yaml.contains("mtu: 1400"), yaml);
    }

    @Test
    void a_unit_that_leaves_while_the_leaders_agent_is_down_is_noted_for_it() throws IOException {
        node.hook("install");
        node.juju.leader(true);
        node.related().hook("etcd-relation-changed");
        node.agent = Optional.empty();
        node.hook("peer-relation-departed", "JUJU_RELATION_ID", "peer:0", "JUJU_REMOTE_UNIT", "canal/2", "JUJU_DEPARTING_UNIT", "canal/2");
        assertEquals("canal/2\n", node.text("var/lib/canal/departed-units"));
        assertTrue(node.juju.logged().stream().anyMatch(line -> line.startsWith("WARNING") && line.contains("canal/2")), node.juju.logged()::toString);
    }
}
