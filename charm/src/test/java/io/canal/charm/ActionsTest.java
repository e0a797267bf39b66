package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.check.Observation;
import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Rules;
import io.canal.check.Observation.Text;
import io.canal.control.Finding;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.network.Uplink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ActionsTest {

    @TempDir
    private Path folder;

    private FakeNode node;

    @BeforeEach
    void begin() throws IOException {
        node = new FakeNode(folder);
        node.connect();
        node.asked.clear();
    }

    @Test
    void leases_are_listed_by_number() throws IOException {
        node.answers.put("leases", "{\"leases\":[{\"subnet\":\"10.1.49.0/24\",\"unit\":\"canal/0\",\"own\":true}]}");
        assertEquals(0, node.action("list-leases"));
        assertEquals("1", node.juju.results().get("count"));
        assertEquals("10.1.49.0/24", node.juju.results().get("leases.0.subnet"));
        assertEquals("true", node.juju.results().get("leases.0.own"));
    }

    @Test
    void policies_are_shown_with_what_each_rule_has_met() throws IOException {
        node.answers.put("policies", "{\"dataplane\":\"nftables\",\"policies\":[{\"kind\":\"GlobalNetworkPolicy\",\"namespace\":\"\",\"name\":\"web\","
                + "\"direction\":\"ingress\",\"endpoints\":2,\"rules\":[{\"index\":0,\"action\":\"Allow\",\"packets\":7,\"bytes\":420}]}]}");
        assertEquals(0, node.action("show-policies"));
        assertEquals("1", node.juju.results().get("count"));
        assertEquals("web", node.juju.results().get("policies.0.name"));
        assertEquals("Allow", node.juju.results().get("policies.0.rules.0.action"));
        assertEquals("420", node.juju.results().get("policies.0.rules.0.bytes"));
    }

    @Test
    void a_policy_that_governs_nothing_here_is_named() throws IOException {
        node.answers.put("policies", "{\"dataplane\":\"nftables\",\"policies\":[]}");
        node.juju.parameter("policy", "default/bd");
        assertEquals(0, node.action("show-policies"));
        assertEquals("No policy default/bd governs a pod or an interface of this node.", node.juju.results().get("answer"));
    }

    @Test
    void the_walk_of_why_keeps_its_order_and_its_indentation() {
        assertEquals(Map.of("answer", "a may connect to b.", "walk", "  egress of the pod a: allowed\n    no policy"),
                Actions.answer("a may connect to b.\n  egress of the pod a: allowed\n    no policy\n"));
    }

    @Test
    void why_says_what_keeps_it_from_an_answer() throws IOException {
        Files.delete(node.paths.agentYaml());
        node.juju.parameter("source", "default/web").parameter("destination", "default/db:80");
        node.action("why");
        assertTrue(node.juju.failure().orElse("").contains("ETCD_ENDPOINTS"), () -> node.juju.failure().toString());
    }

    @Test
    void what_a_repair_may_not_mend_is_left_with_what_an_operator_can_do() {
        String renumber = "To take a new subnet for this node: juju run canal/0 repair-subnets allow-renumber=true";
        assertEquals("The lease is another node's. lease: found 10.10.0.198, expected 10.10.0.1. " + renumber,
                SubnetActions.wordsAndRepair(new Finding("The lease is another node's.", "lease", "10.10.0.1", "10.10.0.198", renumber)));
        assertEquals("flannel.1 is gone. flannel.1: found none, expected one.",
                SubnetActions.wordsAndRepair(new Finding("flannel.1 is gone.", "flannel.1", "one", "none", "The agent mends it: juju run canal/0 repair-subnets")));
    }

    @Test
    void a_lease_that_is_alive_is_not_released_and_the_agents_sentence_is_the_failure() throws IOException {
        node.refusal = Optional.of("10.1.94.0/24 is held by canal/1, which is alive.");
        node.action("release-lease");
        assertEquals(Optional.of("10.1.94.0/24 is held by canal/1, which is alive."), node.juju.failure());
    }

    @Test
    void repair_hands_its_parameters_to_the_agent_and_tells_its_plan() throws IOException {
        node.answers.put("repair", "{\"plan\":[\"Write the conflist\"],\"done\":[],\"left\":[]}");
        node.juju.parameter("dry-run", true).parameter("allow-renumber", true);
        node.action("repair-subnets");
        assertEquals(List.of("repair {\"dry-run\":true,\"allow-renumber\":true,\"accept-etcd\":false}"), node.asked);
        assertEquals("Write the conflist", node.juju.results().get("plan.0"));
    }

    @Test
    void what_is_still_wrong_after_a_repair_is_looked_at_and_not_taken_from_the_agent() throws IOException {
        node.answers.put("repair", "{\"plan\":[],\"done\":[\"All is well now\"],\"left\":[]}");
        node.action("repair-subnets");
        assertEquals("false", node.juju.results().get("consistent"));
        assertTrue(node.juju.results().containsKey("left.0"), node.juju.results()::toString);
    }

    @Test
    void a_plan_says_what_differs_and_a_repair_what_of_it_is_well_again() throws IOException {
        node.write("run/flannel/subnet.env", "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.50.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
        node.juju.parameter("dry-run", true);
        node.action("repair-subnets");
        Map<String, String> planned = node.juju.results();
        assertFalse(planned.containsKey("done.0"), planned::toString);
        String all = String.join("\n", planned.values());
        assertTrue(all.contains("10-canal.conflist") && all.contains("found "), planned::toString);
        node.juju.parameter("dry-run", false);
        node.action("repair-subnets");
        Map<String, String> results = node.juju.results();
        assertFalse(results.containsKey("done.0"), () -> "nothing was mended, so nothing is claimed: " + results);
        assertTrue(results.get("left.0").contains("expected "), results::toString);
    }

    @Test
    void a_stopped_agent_is_started_and_then_repairs() throws IOException {
        node.agent = Optional.empty();
        node.runningFrom = Optional.empty();
        node.answers.put("repair", "{\"plan\":[],\"done\":[\"Wrote the conflist\"],\"left\":[]}");
        node.juju.parameter("dry-run", true);
        node.action("repair-subnets");
        assertEquals(List.of(), node.asked);
        assertEquals("start canal-agent.service", node.juju.results().get("plan.0"));
        assertFalse(node.juju.results().values().toString().contains("The agent does not run"), () -> "what is planned is not left: " + node.juju.results());
        node.juju.parameter("dry-run", false);
        node.action("repair-subnets");
        assertEquals("systemctl start --no-block canal-agent.service", node.asked.getFirst());
        assertEquals("Wrote the conflist", node.juju.results().get("done.1"));
    }

    @Test
    void an_inconsistent_node_is_a_completed_action_unless_strict() throws IOException {
        assertEquals(0, node.action("check-subnets"));
        assertEquals("false", node.juju.results().get("consistent"));
        node.juju.parameter("strict", true);
        assertEquals(1, node.action("check-subnets"));
        assertEquals(Optional.empty(), node.juju.failure());
    }

    @Test
    void without_an_agent_the_files_are_mended_and_the_rest_is_named() throws IOException {
        node.write("etc/cni/net.d/10-canal.conflist", "{\"plugins\":[{\"ipam\":{\"subnet\":\"10.1.50.0/24\"}}]}");
        FileRepair repair = new FileRepair(node.paths, node.charmDir.resolve("program/templates"));
        FileRepair.Outcome planned = repair.run(seen(), true);
        assertEquals(2, planned.plan().size(), planned::toString);
        assertTrue(node.text("etc/cni/net.d/10-canal.conflist").contains("10.1.50.0/24"));
        FileRepair.Outcome outcome = repair.run(seen(), false);
        assertEquals(2, outcome.done().size(), outcome::toString);
        assertTrue(node.text("etc/cni/net.d/10-canal.conflist").contains("\"10.1.49.0/24\""));
        assertTrue(node.text("run/flannel/subnet.env").contains("FLANNEL_SUBNET=10.1.49.1/24\n"));
        assertFalse(outcome.left().isEmpty());
        assertTrue(outcome.left().getFirst().contains("systemctl start canal-agent"), outcome.left()::toString);
    }

    @Test
    void without_an_agent_the_files_of_a_dual_stack_node_name_both_families_and_the_smaller_mtu() throws IOException {
        node.write("etc/cni/net.d/10-canal.conflist", "{\"plugins\":[{\"ipam\":{\"subnet\":\"10.1.50.0/24\"}}]}");
        NetworkConfig dual = NetworkConfig.parse("config",
                "{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:10:244::/56\",\"Backend\":{\"Type\":\"vxlan\"}}").orThrow();
        Observation seen = seen(dual, SubnetKey.of("10.1.49.0-24&fd00:10:244:7::-64"));
        FileRepair.Outcome outcome = new FileRepair(node.paths, node.charmDir.resolve("program/templates")).run(seen, false);
        assertEquals(2, outcome.done().size(), outcome::toString);
        assertTrue(node.text("etc/cni/net.d/10-canal.conflist").contains("fd00:10:244:7::/64"));
        String subnetEnv = node.text("run/flannel/subnet.env");
        assertTrue(subnetEnv.contains("FLANNEL_IPV6_SUBNET=fd00:10:244:7::1/64\n"), subnetEnv);
        assertTrue(subnetEnv.contains("FLANNEL_MTU=1430\n"), subnetEnv);
    }

    /** The files as they are on the disk, beside a device that is well and rules that are gone. */
    private Observation seen() throws IOException {
        return seen(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN), SubnetKey.of("10.1.49.0-24"));
    }

    private Observation seen(NetworkConfig config, SubnetKey own) throws IOException {
        LeaseValue lease = LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01"));
        Path subnetEnv = node.paths.subnetEnv();
        return new Observation(node.paths, "canal/0", "juju", 0,
                new Etcd.Seen(Optional.of(config), Map.of(own, lease), Map.of(), Map.of(), Optional.empty(), List.of(), "/coreos.com/network"),
                "a1", "boot", Optional.empty(), Set.of(Ip.of("10.10.0.1")),
                Optional.of(Uplink.of(2, "eth0", 1500, IpPrefix.of("10.10.0.1/24"))),
                Files.exists(subnetEnv) ? new Text.Present(Files.readString(subnetEnv)) : new Text.Absent("there is none"),
                new Text.Present(Files.readString(node.paths.conflist())),
                List.of(new Device("flannel.1", Ip.Family.V4, "vxlan", true, List.of(IpPrefix.of("10.1.49.0/32")), Optional.empty(), 1, 8472, 1450)),
                List.of(), new Rules.None(), List.of(), Map.of(), Map.of(), List.of(), false);
    }
}
