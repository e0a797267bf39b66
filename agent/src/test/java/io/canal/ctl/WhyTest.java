package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.store.Feed;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WhyTest {

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void pods() {
        workstation = new Workstation(folder, folder);
        apply("""
                apiVersion: projectcalico.org/v3
                kind: Profile
                metadata: {name: kns.default}
                spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}
                """ + pod("web", "h1", "10.1.1.2", "cali1") + pod("db", "h2", "10.1.2.2", "cali2"));
    }

    private static String pod(String name, String node, String address, String device) {
        return """
                ---
                apiVersion: projectcalico.org/v3
                kind: WorkloadEndpoint
                metadata:
                  name: %s-k8s-%s-eth0
                  labels: {app: %s}
                spec:
                  node: %s
                  orchestrator: k8s
                  pod: %s
                  endpoint: eth0
                  interfaceName: %s
                  ipNetworks: [%s/32]
                  profiles: [kns.default]
                """.formatted(node, name, name, node, name, device, address);
    }

    private void apply(String documents) {
        Said said = workstation.run(documents, List.of("apply", "-f", "-"));
        assertEquals(0, said.code(), said::stderr);
    }

    private Said why(String source, String destination) {
        return workstation.run("", List.of("why", source, destination));
    }

    @Test
    void without_policies_the_profiles_allow() {
        assertEquals("""
                default/web may connect to default/db, TCP port 5432.
                  egress of the pod default/web: allowed
                    profile kns.default: rule 0 allows
                  ingress of the pod default/db: allowed
                    profile kns.default: rule 0 allows
                  the kernel of h1 was not asked: No agent of canal is alive there.
                  the kernel of h2 was not asked: No agent of canal is alive there.
                """, why("default/web", "default/db:5432").stdout());
    }

    @Test
    void a_denial_names_the_rule_in_its_first_sentence() {
        apply("""
                apiVersion: projectcalico.org/v3
                kind: NetworkPolicy
                metadata: {name: db-only-udp}
                spec:
                  selector: app == 'db'
                  ingress:
                  - {action: Allow, protocol: UDP}
                """);
        assertEquals("default/web may not connect to default/db, TCP port 5432: ingress of the pod default/db, end of tier default: its default action denies.",
                why("web", "10.1.2.2:5432").stdout().lines().findFirst().orElse(""));
        assertTrue(why("web", "db:5432/udp").stdout().startsWith("default/web may connect to default/db, UDP port 5432."));
        assertTrue(why("web", "db").stdout().startsWith("default/web may not connect to default/db, ICMP echo:"));
    }

    @Test
    void ends_that_are_no_pods_are_addresses() {
        assertTrue(why("default/web", "192.0.2.1:80").stdout().startsWith("default/web may connect to 192.0.2.1, TCP port 80."));
        assertTrue(why("192.0.2.1", "db:80").stdout().startsWith("192.0.2.1 may connect to default/db, TCP port 80."));
    }

    @Test
    void what_cannot_be_asked_is_said() {
        assertEquals("there is no pod default/nosuch; expected NAMESPACE/NAME, or an address\n", why("default/nosuch", "db:1").stderr());
        assertTrue(why("web", "db:99999").stderr().startsWith("the destination is \"db:99999\", expected a pod"));
        assertTrue(why("web", "db:80/icmp").stderr().startsWith("the destination is"));
        assertTrue(why("192.0.2.1", "192.0.2.2:80").stderr().contains("is a pod or a node: no policy is asked"));
        assertTrue(why("web", "[fd00::1]:80").stderr().contains("no address of the other's family"));
        assertEquals(1, workstation.run("", List.of("why", "web")).code());
    }

    @Test
    void a_namespace_without_a_profile_allows_until_controllers_have_run_that_would_make_it() {
        assertEquals(0, workstation.run("", List.of("delete", "profile", "kns.default")).code());
        assertTrue(why("default/web", "default/db:5432").stdout().startsWith("default/web may connect to default/db, TCP port 5432."));
        apply("""
                apiVersion: projectcalico.org/v3
                kind: KubeControllersConfiguration
                metadata: {name: default}
                spec: {controllers: {}}
                """);
        assertTrue(why("default/web", "default/db:5432").stdout().startsWith("default/web may not connect to default/db, TCP port 5432"));
    }

    @Test
    void of_an_address_that_several_pods_have_it_is_asked_which_is_meant() {
        apply(pod("old", "h1", "10.1.2.2", "cali9"));
        assertEquals("several pods have the address 10.1.2.2 in etcd: default/db, default/old; name the one that is meant, as NAMESPACE/NAME\n",
                why("web", "10.1.2.2:80").stderr());
    }

    @Test
    void a_node_that_does_not_answer_has_the_parameters_of_its_FelixConfiguration() {
        apply(NODE + """
                ---
                apiVersion: projectcalico.org/v3
                kind: FelixConfiguration
                metadata: {name: node.h1}
                spec: {defaultEndpointToHostAction: Drop}
                """);
        assertEquals("default/web may not connect to the node h1 (10.10.0.1), TCP port 22: from a pod to its node h1, DefaultEndpointToHostAction is DROP.",
                first(why("web", "10.10.0.1:22")));
        assertTrue(first(why("db", "10.10.0.1:22")).startsWith("default/db may connect to the node h1"));
    }

    @Test
    void what_is_staged_decides_nothing_and_what_it_would_decide_is_said() {
        apply("""
                apiVersion: projectcalico.org/v3
                kind: StagedKubernetesNetworkPolicy
                metadata: {name: nobody, namespace: default}
                spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
                """);
        String said = why("web", "db:80").stdout();
        assertTrue(said.startsWith("default/web may connect to default/db, TCP port 80."), said);
        assertTrue(said.contains("  with what is staged it would be denied: ingress of the pod default/db, end of tier default: its default action denies\n"), said);
    }

    @Test
    void the_rules_in_the_kernels_of_both_nodes_are_asked_through_etcd() throws StoreException {
        agent("h1", "cali1", "flannel.1", true, "[]");
        agent("h2", "flannel.1", "cali2", true,
                "[{\"chain\":\"cali-tw-cali2\",\"rule\":9,\"comment\":\"Return if profile accepted\",\"sets\":[\"cali40s:x\"],\"packets\":3,\"bytes\":180,\"ends\":true}]");
        String said = why("web", "db:80").stdout();
        assertTrue(said.contains("  in the kernel of h1 (nftables, from cali1 to flannel.1): let through\n"), said);
        assertTrue(said.contains("  in the kernel of h2 (nftables, from flannel.1 to cali2): let through\n"
                + "    chain cali-tw-cali2, rule 9, set cali40s:x, Return if profile accepted: 3 packets, 180 bytes so far\n"), said);
        assertTrue(!said.contains("defect"), said);
    }

    @Test
    void a_kernel_that_does_otherwise_is_a_defect() throws StoreException {
        agent("h2", "flannel.1", "cali2", false, "[]");
        assertTrue(why("web", "db:80").stdout().contains(
                "\nThis is a defect of canal: on h2 the policies allow it, and the kernel does not. Please report it.\n"));
    }

    @Test
    void a_kernel_that_has_an_earlier_version_of_what_is_flawed_in_etcd_has_no_defect() throws StoreException {
        more = ",\"earlier\":[\"/calico/resources/v3/projectcalico.org/globalnetworkpolicies/p\"]";
        agent("h2", "flannel.1", "cali2", false, "[]");
        String said = why("web", "db:80").stdout();
        assertTrue(said.contains("\nOn h2 the policies allow it, and the kernel does not: an earlier version is in force there of"
                + " /calico/resources/v3/projectcalico.org/globalnetworkpolicies/p, since what etcd has of it is not as it must be.\n"), said);
        assertTrue(!said.contains("defect"), said);
    }

    @Test
    void what_lies_in_etcd_and_is_no_resource_at_all_is_named() throws StoreException {
        workstation.store.commit(Txn.when().put("/calico/resources/v3/projectcalico.org/globalnetworkpolicies/p", "{", 0));
        String said = why("web", "db:80").stdout();
        assertTrue(said.contains("not counted, because it cannot be read: ") && said.contains("globalnetworkpolicies/p"), said);
    }

    /** The route to another node's pods prefers the address of the tunnel. */
    @Test
    void a_node_s_packet_to_a_pod_of_another_node_has_the_address_of_its_tunnel() throws StoreException {
        agent("h1", "", "flannel.1", true, "[]");
        apply(NODE + """
                ---
                apiVersion: projectcalico.org/v3
                kind: GlobalNetworkPolicy
                metadata: {name: from-the-tunnel}
                spec:
                  selector: app == 'db'
                  ingress: [{action: Allow, source: {nets: [10.1.1.0/32]}}]
                """);
        assertTrue(why("10.10.0.1", "db:80").stdout().startsWith("the node h1 (10.10.0.1) may connect to default/db, TCP port 80."), () -> why("10.10.0.1", "db:80").stdout());
    }

    @Test
    void a_kernel_that_is_a_moment_behind_is_none() throws StoreException {
        late = 1;
        agent("h2", "flannel.1", "cali2", true, "[]");
        assertTrue(!why("web", "db:80").stdout().contains("defect"));
    }

    @Test
    void a_kernel_that_decides_by_another_rule_is_a_defect_too() throws StoreException {
        agent("h2", "flannel.1", "cali2", true,
                "[{\"chain\":\"c\",\"rule\":1,\"kind\":\"GlobalNetworkPolicy\",\"namespace\":\"\",\"name\":\"old\",\"direction\":\"ingress\",\"index\":2,\"action\":\"allow\"}]");
        assertTrue(why("web", "db:80").stdout().contains("\nThis is a defect of canal: on h2 the policies decide by no rule of a policy, and the kernel by"
                + " GlobalNetworkPolicy old, ingress rule 2. Please report it.\n"));
    }

    @Test
    void what_canals_own_guards_drop_is_no_defect() throws StoreException {
        agent("h1", "cali1", "flannel.1", false, "[{\"chain\":\"filter-cali-FORWARD\",\"rule\":1,\"comment\":\"canal guard: overlay packets of workloads\",\"ends\":true}]");
        String said = why("web", "db:80").stdout();
        assertTrue(said.startsWith("default/web may not connect to default/db, TCP port 80: on h1, canal's own guard: overlay packets of workloads."), said);
        assertTrue(!said.contains("defect"), said);
    }

    private static String first(Said said) {
        return said.stdout().lines().findFirst().orElse("");
    }

    private static final String NODE = """
            apiVersion: projectcalico.org/v3
            kind: Node
            metadata: {name: h1}
            spec: {addresses: [{address: 10.10.0.1/24, type: CalicoNodeIP}]}
            """;

    /** Further fields of answers. */
    private String more = "";

    /** How many answers say the contrary first. */
    private int late;

    /** An agent that answers every question in this way. */
    private void agent(String node, String in, String out, boolean through, String rules) throws StoreException {
        MemoryStore store = workstation.store;
        long lease = store.grant(Duration.ofMinutes(1));
        HolderRecord holder = new HolderRecord("id-" + node, "canal/0", node, Instant.EPOCH,
                LeaseValue.parse("test", "{\"PublicIP\":\"10.10.0.9\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"0a:00:00:00:00:01\"}}").orThrow());
        store.commit(Txn.when().put(NetworkKeys.HOLDERS + "10.1." + node.substring(1) + ".0-24", holder.text(), 0)
                .put(NetworkKeys.session("id-" + node), "{}", lease));
        String answer = "{\"ok\":true,\"node\":\"" + node + "\",\"dataplane\":\"nftables\",\"in\":\"" + in + "\",\"out\":\"" + out + "\",\"through\":" + through
                + ",\"to-host\":\"ACCEPT\",\"rules\":" + rules + more + "}";
        store.feed(NetworkKeys.question(node, ""), new Feed.Listener() {
            @Override
            public void listed(Store.Listing listing) {
                listing.entries().forEach(this::asked);
            }

            @Override
            public void changed(long revision, List<Feed.Change> changes) {
                changes.forEach(change -> {
                    if (change instanceof Feed.Change.Put(Store.Entry entry)) {
                        asked(entry);
                    }
                });
            }

            private void asked(Store.Entry entry) {
                String id = entry.key().substring(entry.key().lastIndexOf('/') + 1);
                try {
                    store.commit(Txn.when().put(NetworkKeys.answer(id, node),
                            late-- > 0 ? answer.replace("\"through\":" + through, "\"through\":" + !through) : answer, entry.lease()));
                } catch (StoreException failure) {
                    throw new AssertionError(failure);
                }
            }

            @Override
            public void lost(String reason) {}
        });
    }
}
