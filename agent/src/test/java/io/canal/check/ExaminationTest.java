package io.canal.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.check.Observation.Text;
import io.canal.control.Finding;
import io.canal.dataplane.filter.RulesWitness;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.ruleset.tenants.PodNetwork;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExaminationTest {

    private final Node node = new Node();

    @Test
    void a_healthy_node_is_consistent_and_all_six_witnesses_speak() {
        Report report = Examination.of(node.seen());
        assertEquals(List.of(), report.problems());
        assertEquals("true", report.results().get("consistent"));
        assertEquals("10.1.49.0/24", report.results().get("witnesses.lease"));
        assertEquals("10.1.49.1/24", report.results().get("witnesses.subnet-env"));
        assertEquals("10.1.49.0/24", report.results().get("witnesses.conflist"));
        assertEquals("10.1.49.0/32", report.results().get("witnesses.device"));
        assertEquals("2 in 10.1.49.0/24", report.results().get("witnesses.pods"));
        assertEquals("10.1.49.0/24 by nftables", report.results().get("witnesses.rules"));
    }

    @Test
    void host_bits_make_no_difference() {
        node.conflist = node.conflist("10.1.49.1/24");
        assertTrue(Examination.of(node.seen()).isConsistent());
    }

    @Test
    void a_conflist_of_another_subnet_is_named_with_both_values() {
        node.conflist = node.conflist("10.1.50.0/24");
        Finding problem = only();
        assertEquals("/etc/cni/net.d/10-canal.conflist", problem.where());
        assertEquals("10.1.49.0/24", problem.expected());
        assertEquals("10.1.50.0/24", problem.found());
        assertTrue(problem.what().contains("the lease in etcd"), problem.what());
    }

    @Test
    void a_subnet_env_of_another_subnet_is_named() {
        node.subnetEnv = node.subnetEnv("10.1.0.0/16", "10.1.50.1/24");
        Finding problem = only();
        assertEquals("/run/flannel/subnet.env", problem.where());
        assertEquals("10.1.50.1/24", problem.found());
    }

    @Test
    void a_subnet_env_of_another_network_is_named() {
        node.subnetEnv = node.subnetEnv("10.2.0.0/16", "10.1.49.1/24");
        assertEquals("10.2.0.0/16", only().found());
    }

    @Test
    void a_missing_or_unreadable_file_is_named() {
        node.subnetEnv = new Text.Absent("there is no file");
        node.conflist = new Text.Present("{");
        Report report = Examination.of(node.seen());
        assertEquals(List.of("/run/flannel/subnet.env", "/etc/cni/net.d/10-canal.conflist"), report.problems().stream().map(Finding::where).toList());
        assertTrue(report.results().get("witnesses.subnet-env").startsWith("missing: "));
        assertTrue(report.results().get("witnesses.conflist").startsWith("unreadable: "));
    }

    @Test
    void a_device_with_another_address_is_named() {
        node.deviceAddresses = List.of(IpPrefix.of("10.1.50.0/32"));
        Finding problem = only();
        assertEquals("flannel.1", problem.where());
        assertEquals("10.1.49.0/32", problem.expected());
        assertEquals("10.1.50.0/32", problem.found());
    }

    @Test
    void a_second_address_on_the_device_is_named() {
        node.deviceAddresses = List.of(IpPrefix.of("10.1.49.0/32"), IpPrefix.of("10.1.50.0/32"));
        assertEquals("10.1.49.0/32, 10.1.50.0/32", only().found());
    }

    @Test
    void an_address_of_somebody_elses_on_the_device_is_named_with_the_command_that_removes_it() {
        node.deviceAddresses = List.of(IpPrefix.of("10.1.49.0/32"), IpPrefix.of("10.1.200.7/24"));
        Finding problem = only();
        assertEquals("10.1.49.0/32", problem.expected());
        assertEquals("10.1.200.7/24", problem.found());
        assertTrue(problem.what().contains("10.1.200.0/24 is routed into the tunnel"), problem.what());
        assertEquals("Remove it: ip address del 10.1.200.7/24 dev flannel.1", problem.repair());
    }

    @Test
    void a_device_with_another_mac_than_the_lease_is_named() {
        node.deviceMac = "02:00:00:00:00:77";
        Finding problem = only();
        assertEquals("02:00:00:00:00:01", problem.expected());
        assertEquals("02:00:00:00:00:77", problem.found());
    }

    @Test
    void a_device_that_sends_from_another_address_than_the_leases_is_named() {
        node.deviceLocal = "10.10.0.200";
        Finding problem = only();
        assertEquals("10.10.0.1", problem.expected());
        assertEquals("10.10.0.200", problem.found());
    }

    @Test
    void a_missing_device_is_named() {
        node.hasDevice = false;
        assertEquals("The device flannel.1 is missing.", only().what());
    }

    @Test
    void a_pod_outside_of_the_subnet_is_named_with_its_interface() {
        node.pods = List.of("10.1.49.7", "10.1.50.9");
        Finding problem = only();
        assertEquals("10.1.50.9", problem.found());
        assertTrue(problem.where().contains("cali"), problem.where());
    }

    @Test
    void masquerade_rules_of_another_subnet_are_named() {
        node.rules = Node.rules("10.1.0.0/16", "10.1.50.0/24");
        Finding problem = only();
        assertEquals("nftables", problem.where());
        assertEquals("10.1.49.0/24", problem.expected());
        assertEquals("10.1.50.0/24", problem.found());
    }

    @Test
    void flushed_rules_are_named() {
        node.rules = Optional.empty();
        assertEquals("The masquerade and forward rules are missing.", only().what());
    }

    @Test
    void rules_of_another_network_are_named() {
        node.rules = Optional.of(RulesWitness.whole("nftables", List.of(new PodNetwork(Cidr.of("10.2.0.0/16"), Optional.empty()))));
        assertEquals(List.of("The masquerade rules are for another subnet than the lease in etcd.", "Traffic from pods to the outside is not masqueraded."),
                Examination.of(node.seen()).problems().stream().map(Finding::what).toList());
    }

    @Test
    void each_chain_that_is_missing_is_named_and_so_is_the_rule_that_leads_there() {
        for (String dataplane : List.of("nftables", "iptables-nft")) {
            for (String chain : List.of("nat FLANNEL-POSTRTG", "nat POSTROUTING", "filter FLANNEL-FWD", "filter FORWARD")) {
                node.rules = Optional.of(RulesWitness.whole(dataplane, Node.rules("10.1.0.0/16", "10.1.49.0/24").orElseThrow().networks()).without(chain));
                assertEquals(dataplane + ", " + chain, only().where());
            }
        }
    }

    @Test
    void rules_of_an_earlier_network_that_still_has_a_lease_are_right() {
        PodNetwork now = new PodNetwork(Cidr.of("10.1.0.0/16"), Optional.of(Cidr.of("10.1.49.0/24")));
        PodNetwork before = new PodNetwork(Cidr.of("10.7.0.0/16"), Optional.empty());
        node.rules = Optional.of(RulesWitness.whole("nftables", List.of(now, before)));
        assertEquals(Set.of("nftables, nat FLANNEL-POSTRTG", "nftables, filter FLANNEL-FWD"),
                Set.copyOf(Examination.of(node.seen()).problems().stream().map(Finding::where).toList()));
        node.holders.put(SubnetKey.of("10.7.3.0-24"), Node.holder("c3", "canal/2", Node.lease("10.10.0.3", "02:00:00:00:00:03")));
        assertEquals(List.of(), Examination.of(node.seen()).problems().stream().filter(problem -> problem.where().startsWith("nftables")).toList());
    }

    @Test
    void a_deleted_lease_is_named_by_what_this_node_holds() {
        node.leases.remove(SubnetKey.of("10.1.49.0-24"));
        Finding problem = only();
        assertEquals("/coreos.com/network/subnets/10.1.49.0-24", problem.where());
        assertEquals("10.1.49.0/24", problem.expected());
        assertEquals("nothing", problem.found());
    }

    @Test
    void a_stolen_lease_is_named_with_the_thief() {
        node.leases.put(SubnetKey.of("10.1.49.0-24"), Node.lease("10.10.0.9", "02:00:00:00:00:09"));
        Finding problem = Examination.of(node.seen()).problems().getFirst();
        assertEquals("10.10.0.9", problem.found());
        assertEquals("10.10.0.1", problem.expected());
        assertTrue(problem.repair().contains("allow-renumber=true"), problem.repair());
    }

    @Test
    void a_node_without_holder_record_is_known_by_its_address() {
        node.holders.clear();
        node.conflist = node.conflist("10.1.50.0/24");
        assertEquals("10.1.49.0/24", only().expected());
    }

    @Test
    void with_etcd_away_the_lease_is_missing_and_the_last_known_one_decides() {
        node.etcdAway = true;
        node.conflist = node.conflist("10.1.50.0/24");
        Report report = Examination.of(node.seen());
        assertEquals("missing: etcd is away", report.results().get("witnesses.lease"));
        assertEquals("10.1.49.0/24", report.problems().getFirst().expected());
        assertTrue(report.problems().getFirst().what().contains("the last lease that this node had (etcd is away)"));
        assertEquals(1, report.problems().size());
    }

    @Test
    void with_etcd_away_and_nothing_remembered_the_majority_decides() {
        node.etcdAway = true;
        node.lastSubnet = Optional.empty();
        node.subnetEnv = node.subnetEnv("10.1.0.0/16", "10.1.50.1/24");
        Finding problem = only();
        assertEquals("/run/flannel/subnet.env", problem.where());
        assertTrue(problem.what().contains("most of the witnesses"), problem.what());
    }

    @Test
    void two_wrong_at_once_are_both_named_whatever_the_values() {
        for (int round = 0; round < 300; round++) {
            long seed = round * 7919L;
            Random random = new Random(seed);
            Node broken = new Node();
            String first = subnet(random);
            String second = subnet(random);
            List<Integer> witnesses = new ArrayList<>(List.of(0, 1, 2, 3));
            Collections.shuffle(witnesses, random);
            breakWitness(broken, witnesses.get(0), first);
            breakWitness(broken, witnesses.get(1), second);
            Report report = Examination.of(broken.seen());
            String found = report.problems().stream().map(Finding::found).toList().toString();
            assertEquals(2, report.problems().size(), () -> "seed " + seed + ": " + report.problems());
            assertTrue(found.contains(prefix(first)) && found.contains(prefix(second)), () -> "seed " + seed + ": " + found);
            assertTrue(report.problems().stream().allMatch(problem -> problem.expected().contains("10.1.49.0")), () -> "seed " + seed);
        }
    }

    @Test
    void each_part_of_the_way_to_a_peer_is_named() {
        node.routes = Node.ROUTES.subList(1, 2);
        assertEquals("route 10.1.94.0/24 on flannel.1", only().where());
        node.routes = Node.ROUTES.subList(0, 1);
        assertEquals("route 10.1.49.0/24", only().where());
        node.routes = Node.ROUTES;
        node.neighbours = Map.of(Ip.of("10.1.94.0"), Mac.of("02:00:00:00:00:99"));
        assertEquals("02:00:00:00:00:02", only().expected());
        node.neighbours = Node.NEIGHBOURS;
        node.forwarding = Node.forwarding("10.10.0.7");
        assertEquals("10.10.0.7", only().found());
    }

    @Test
    void a_route_to_a_node_that_has_gone_is_named() {
        node.leases.remove(SubnetKey.of("10.1.94.0-24"));
        node.holders.remove(SubnetKey.of("10.1.94.0-24"));
        assertEquals(List.of("route 10.1.94.0/24 on flannel.1", "neighbour 10.1.94.0 on flannel.1", "forwarding entry 02:00:00:00:00:02 on flannel.1"),
                Examination.of(node.seen()).problems().stream().map(Finding::where).toList());
    }

    @Test
    void a_peer_whose_lease_expired_is_still_a_peer_by_its_holder_record() {
        node.leases.remove(SubnetKey.of("10.1.94.0-24"));
        assertTrue(Examination.of(node.seen()).isConsistent());
    }

    @Test
    void a_direct_route_is_right_where_the_network_routes_directly_and_wrong_elsewhere() {
        node.routes = List.of(new Observation.Route(Cidr.of("10.1.94.0/24"), Optional.of(Ip.of("10.10.0.2")), "eth0", true), Node.ROUTES.get(1));
        assertEquals("through 10.10.0.2 on eth0", only().found());
        node.backend = Backend.VXLAN.withDirectRouting(true);
        node.neighbours = Map.of();
        node.forwarding = Map.of();
        assertEquals(List.of(), Examination.of(node.seen()).problems());
        node.routes = Node.ROUTES;
        assertEquals("through 10.10.0.2", only().expected());
    }

    @Test
    void host_gw_needs_no_device() {
        node.backend = Backend.HOST_GW;
        node.hasDevice = false;
        node.mtu = 1500;
        node.subnetEnv = new Text.Present("FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.49.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n");
        node.leases.put(SubnetKey.of("10.1.49.0-24"), LeaseValue.hostGw(Ip.of("10.10.0.1")));
        node.leases.put(SubnetKey.of("10.1.94.0-24"), LeaseValue.hostGw(Ip.of("10.10.0.2")));
        node.routes = List.of(new Observation.Route(Cidr.of("10.1.94.0/24"), Optional.of(Ip.of("10.10.0.2")), "eth0", true), Node.ROUTES.get(1));
        node.neighbours = Map.of();
        node.forwarding = Map.of();
        Report report = Examination.of(node.seen());
        assertEquals(List.of(), report.problems());
        assertEquals("not needed: nothing is encapsulated", report.results().get("witnesses.device"));
        node.routes = Node.ROUTES.subList(1, 2);
        assertEquals("route 10.1.94.0/24 on eth0", only().where());
    }

    @Test
    void while_the_network_changes_to_host_gw_the_tunnel_is_kept_for_those_that_still_need_it() {
        node.backend = Backend.HOST_GW;
        node.leases.put(SubnetKey.of("10.1.49.0-24"), LeaseValue.hostGw(Ip.of("10.10.0.1")));
        List<String> what = Examination.of(node.seen()).problems().stream().map(Finding::where).toList();
        assertEquals(List.of(), what.stream().filter(where -> where.contains("10.1.94.0") || where.equals("flannel.1")).toList());
    }

    @Test
    void a_device_with_another_mtu_is_named_and_so_is_a_file_with_another() {
        node.mtu = 1280;
        assertEquals("1280", only().found());
        node.mtu = 1450;
        node.subnetEnv = new Text.Present("FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.49.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n");
        assertEquals("1450", only().expected());
    }

    @Test
    void a_copy_of_another_node_is_named_with_both_addresses_and_nothing_else_is() {
        node.session = Optional.of(new SessionRecord("boot-2", Optional.of(Ip.of("10.10.0.7")), Optional.empty()));
        node.conflist = node.conflist("10.1.50.0/24");
        Finding problem = only();
        assertEquals("10.10.0.1", problem.expected());
        assertEquals("10.10.0.7", problem.found());
        assertTrue(problem.repair().contains("rm -r /var/lib/canal /run/canal; ip link delete flannel.1; systemctl start"), problem.repair());
    }

    @Test
    void a_session_of_our_own_life_before_the_reboot_is_no_copy() {
        node.session = Optional.of(new SessionRecord("boot-0", Optional.of(Ip.of("10.10.0.1")), Optional.empty()));
        assertTrue(Examination.of(node.seen()).isConsistent());
    }

    @Test
    void a_full_disk_is_named() {
        node.full = List.of(Path.of("/var/lib/canal"));
        assertEquals("/var/lib/canal", only().where());
    }

    @Test
    void a_peer_whose_tunnel_has_the_mac_of_ours_is_named_with_what_gives_one_of_the_two_another() {
        node.leases.put(SubnetKey.of("10.1.95.0-24"), Node.lease("10.10.0.6", node.deviceMac));
        Finding finding = only();
        assertEquals("lease 10.1.95.0-24", finding.where());
        assertTrue(finding.what().contains("has the MAC of this node's"), finding::what);
        assertEquals(node.deviceMac, finding.found());
        assertTrue(finding.repair().contains("/var/lib/canal/tunnels"), finding::repair);
    }

    @Test
    void a_lease_that_cannot_be_carried_is_named() {
        node.leases.put(SubnetKey.of("10.1.95.0-24"), Node.lease("10.10.0.6", "02:00:00:00:00:02"));
        assertEquals("lease 10.1.95.0-24", only().where());
    }

    @Test
    void what_this_node_holds_as_another_one_is_told_from_another_nodes_with_the_command_that_frees_it() {
        node.leases.put(SubnetKey.of("10.1.95.0-24"), Node.lease("10.10.0.1", "02:00:00:00:00:01"));
        Finding problem = only();
        assertTrue(problem.what().contains("this node's own address") && problem.what().contains("before /var/lib/canal was removed"), problem.what());
        assertTrue(problem.repair().endsWith("juju run canal/0 release-lease subnet=10.1.95.0/24"), problem.repair());
    }

    @Test
    void an_own_holder_record_that_cannot_be_read_is_mended_by_the_agent_where_etcd_says_whose_it_is_and_else_by_a_command() {
        node.damageHolder("10.1.49.0-24", "");
        Finding problem = only();
        assertEquals("/canal/v1/holders/10.1.49.0-24", problem.where());
        assertTrue(problem.repair().startsWith("The agent mends it by itself"), problem.repair());
        node.damageLease("10.1.49.0-24");
        List<Finding> both = Examination.of(node.seen()).problems();
        assertEquals(List.of("/canal/v1/holders/10.1.49.0-24", "/coreos.com/network/subnets/10.1.49.0-24"), both.stream().map(Finding::where).toList());
        assertTrue(both.stream().allMatch(finding -> finding.repair().equals(
                "To have this node write it anew, unless something says that the subnet is another node's: juju run canal/0 repair-subnets")), both::toString);
        node.damaged.put(SubnetKey.of("10.1.49.0-24"), "a1");
        assertTrue(Examination.of(node.seen()).problems().stream().allMatch(finding -> finding.repair().startsWith("The agent mends it by itself")));
    }

    @Test
    void what_leads_to_a_node_whose_records_cannot_be_read_is_no_leftover() {
        node.damageLease("10.1.94.0-24");
        node.damageHolder("10.1.94.0-24", "");
        List<Finding> problems = Examination.of(node.seen()).problems();
        assertEquals(List.of("/coreos.com/network/subnets/10.1.94.0-24", "/canal/v1/holders/10.1.94.0-24"), problems.stream().map(Finding::where).toList());
        assertTrue(problems.getFirst().repair().contains("if that node is gone for good: juju run canal/0 release-lease subnet=10.1.94.0/24"), problems::toString);
    }

    @Test
    void the_remedy_says_whether_the_agent_is_there_to_mend_it() {
        node.hasDevice = false;
        assertTrue(only().repair().startsWith("The agent mends it by itself"));
        node.agentRuns = false;
        Finding problem = Examination.of(node.seen()).problems().getLast();
        assertTrue(problem.repair().startsWith("Start the agent: systemctl start canal-agent"));
        assertTrue(problem.repair().contains("juju run canal/0 repair-subnets"));
    }

    @Test
    void the_remedy_is_a_command_of_who_runs_the_actions() {
        node.command = "canal";
        node.agentRuns = false;
        assertEquals("Start the agent: systemctl start canal-agent, or canal run canal/0 repair-subnets", only().repair());
    }

    @Test
    void an_agent_that_does_not_run_is_a_problem_of_its_own() {
        node.agentRuns = false;
        assertEquals("canal-agent.service", only().where());
    }

    @Test
    void rules_that_cannot_be_read_are_a_missing_witness_and_no_problem() {
        node.rulesReadable = false;
        Report report = Examination.of(node.seen());
        assertTrue(report.isConsistent());
        assertTrue(report.results().get("witnesses.rules").startsWith("missing: "));
    }

    @Test
    void an_empty_etcd_is_two_problems_and_no_exception() {
        node.leases.clear();
        node.holders.clear();
        node.hasConfig = false;
        Report report = Examination.of(node.seen());
        assertFalse(report.isConsistent());
        assertEquals(List.of("etcd has no lease of this node.", "etcd has no configuration of the network."),
                report.problems().stream().map(Finding::what).toList());
        assertEquals("10.1.49.0/24", report.problems().getFirst().expected());
    }

    private Finding only() {
        List<Finding> problems = Examination.of(node.seen()).problems();
        assertEquals(1, problems.size(), problems::toString);
        return problems.getFirst();
    }

    private static String subnet(Random random) {
        return "10.1." + (100 + random.nextInt(150)) + ".0/24";
    }

    private static String prefix(String subnet) {
        return subnet.substring(0, subnet.lastIndexOf('.') + 1);
    }

    private static void breakWitness(Node node, int witness, String subnet) {
        switch (witness) {
            case 0 -> node.subnetEnv = node.subnetEnv("10.1.0.0/16", prefix(subnet) + "1/24");
            case 1 -> node.conflist = node.conflist(subnet);
            case 2 -> node.deviceAddresses = List.of(IpPrefix.of(prefix(subnet) + "0/32"));
            default -> node.rules = Node.rules("10.1.0.0/16", subnet);
        }
    }
}
