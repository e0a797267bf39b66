package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.PacketCount;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.Tier;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;
import io.canal.policy.PolicyOutput;
import io.canal.policy.Scoping;
import io.canal.policy.calc.PolicyCalculator;
import io.canal.policy.calc.Workload;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import io.canal.policy.testing.Objects;
import io.canal.reconcile.Table;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.tenants.PodNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The listings in docs/policy.md are what {@code nft}, {@code iptables-save} and {@code ipset} print of the node that stands there. */
class DocumentedRulesIT {

    private static final Path PAGE = Path.of("../docs/policy.md");
    private static final Pattern LISTING = Pattern.compile("^```\\n\\$ ([^\\n]+)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern BLOCK = Pattern.compile("^\\t(table|chain|map|set) (\\S+) \\{[^\\n]*\\n(.*?)^\\t}", Pattern.MULTILINE | Pattern.DOTALL);

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace node = namespaces.add("node");

    @AfterEach
    void close() {
        namespaces.close();
    }

    /** The node of the page: two pods, one policy, one pod elsewhere, two other nodes. */
    private static final class PagesNode implements NodePolicy {

        private final PolicyCalculator calculator = new PolicyCalculator("node-1");

        PagesNode() {
            calculator.put(Tier.of(Objects.resource(Kind.TIER, "default", "{\"order\":1000000,\"defaultAction\":\"Deny\"}")).orThrow());
            for (String name : List.of("kns.default", "ksa.default.default")) {
                calculator.put(Profile.of(Objects.resource(Kind.PROFILE, name, name.startsWith("kns")
                        ? "{\"ingress\":[{\"action\":\"Allow\"}],\"egress\":[{\"action\":\"Allow\"}]}" : "{}")).orThrow());
            }
            Policy policy = Policy.of(Objects.resource("{\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"allow-web\",\"namespace\":\"default\"},\"spec\":{\"selector\":\"app == 'web'\","
                    + "\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"TCP\",\"source\":{\"selector\":\"role == 'fe'\"},\"destination\":{\"ports\":[80]}}]}}")).orThrow();
            calculator.put(policy, Scoping.of(policy).orThrow().selector());
            put("web-0", "cali0d7763386da", "10.244.1.7", "\"app\":\"web\"", true);
            put("db-0", "cali9ae1fe16e6f", "10.244.1.8", "\"app\":\"db\"", true);
            put("fe-0", "", "10.244.2.5", "\"role\":\"fe\"", false);
        }

        private void put(String name, String iface, String address, String label, boolean here) {
            Resource resource = Objects.resource("{\"kind\":\"WorkloadEndpoint\",\"metadata\":{\"name\":\"n-k8s-" + name + "-eth0\",\"namespace\":\"default\",\"labels\":{" + label
                    + ",\"projectcalico.org/namespace\":\"default\"}},\"spec\":{\"node\":\"n\",\"orchestrator\":\"k8s\",\"endpoint\":\"eth0\",\"pod\":\"" + name
                    + "\",\"ipNetworks\":[\"" + address + "/32\"],\"profiles\":[\"kns.default\",\"ksa.default.default\"]}}");
            calculator.put(resource.key(), new Workload(Labelled.of(WorkloadEndpoint.of(resource).orThrow()), here ? iface : "", List.of()));
        }

        @Override
        public boolean settle() {
            return true;
        }

        @Override
        public void flush(PolicyOutput output) {
            calculator.flush(output);
        }

        @Override
        public RuleSettings settings() {
            return RuleSettings.defaults();
        }

        @Override
        public Map<Cidr, Boolean> pools() {
            return Map.of(Cidr.of("10.244.0.0/16"), false);
        }

        @Override
        public Map<String, WorkloadTraits> traits() {
            return Map.of();
        }

        @Override
        public Collection<Ip> hostAddresses() {
            return Set.of(Ip.of("10.10.0.1"));
        }
    }

    private static Ruleset ruleset() {
        return rules().ruleset();
    }

    private static NodeRules rules() {
        Table<String, Set<Ip>> peers = new Table<>("peers");
        peers.put("a", Set.of(Ip.of("10.10.0.2")));
        peers.put("b", Set.of(Ip.of("10.10.0.3")));
        NodeNetworks networks = new NodeNetworks(List.of(new PodNetwork(Cidr.of("10.244.0.0/16"), Optional.of(Cidr.of("10.244.1.0/24")))),
                new TreeSet<>(Set.of(8472)), true);
        NodeRules rules = new NodeRules(new FilterInputs(peers, () -> networks, new PagesNode()));
        rules.update(true);
        return rules;
    }

    private static Map<String, String> listings() throws IOException {
        Map<String, String> listings = new LinkedHashMap<>();
        Matcher listing = LISTING.matcher(Files.readString(PAGE));
        while (listing.find()) {
            listings.put(listing.group(1), listing.group(2));
        }
        return listings;
    }

    private static List<String> lines(String text) {
        return text.lines().map(line -> line.replaceAll("\\s+# .*", "").strip().replaceAll("\\s+", " ")).filter(line -> !line.isEmpty()).toList();
    }

    private static Map<String, List<String>> blocks(String listing) {
        Map<String, List<String>> blocks = new LinkedHashMap<>();
        Matcher block = BLOCK.matcher(listing);
        while (block.find()) {
            blocks.put(block.group(1) + " " + block.group(2), lines(block.group(3)));
        }
        return blocks;
    }

    @Test
    void nftables_as_on_the_page() throws IOException {
        try (NftTable table = new NftTable(node.<NftablesSocket, IOException>call(NftablesSocket::open))) {
            table.wantAll(ruleset());
            table.apply(true);
        }
        Map<String, List<String>> live = blocks(TestNamespaces.run(node, "nft", "list", "table", "inet", "canal"));
        Map<String, List<String>> page = blocks(listings().getOrDefault("nft list table inet canal", ""));
        assertTrue(page.size() >= 9, page::toString);
        page.forEach((name, lines) -> {
            List<String> is = live.getOrDefault(name, List.of());
            if (!lines.contains("…")) {
                assertEquals(is, lines, name);
            }
            List<String> some = new ArrayList<>(lines);
            some.remove("…");
            int at = 0;
            for (String line : is) {
                if (at < some.size() && some.get(at).equals(line)) {
                    at++;
                }
            }
            assertEquals(some.size(), at, () -> name + " is:\n" + String.join("\n", is));
        });
    }

    @Test
    void iptables_as_on_the_page() throws IOException {
        node.<IOException>run(() -> {
            IptablesTables tables = IptablesTables.open(IptablesBackend.NFT, () -> 0);
            tables.wantAll(ruleset());
            tables.apply(true);
            tables.close();
        });
        List<String> live = new ArrayList<>(lines(TestNamespaces.run(node, "iptables-nft-save", "-t", "filter")));
        live.addAll(lines(TestNamespaces.run(node, "ipset", "save")));
        List<String> page = lines(listings().getOrDefault("iptables-save -t filter; ipset save", ""));
        assertTrue(page.size() >= 8, page::toString);
        page.forEach(line -> assertTrue(live.contains(line), () -> line + "\n" + String.join("\n", live)));
    }

    /** What the policy of the page has met: nothing yet, and of each back end it can be told. */
    @ParameterizedTest
    @EnumSource
    void what_the_policy_has_met_is_read_of_its_chains(FilterBackend backend) throws IOException {
        NodeRules rules = rules();
        node.<IOException>run(() -> {
            if (backend == FilterBackend.NFTABLES) {
                try (NftTable table = new NftTable(NftablesSocket.open())) {
                    table.wantAll(rules.ruleset());
                    table.apply(true);
                }
            } else {
                IptablesTables tables = IptablesTables.open(backend.iptables(), () -> 0);
                tables.wantAll(rules.ruleset());
                tables.apply(true);
                tables.close();
            }
        });
        Dialect dialect = backend == FilterBackend.NFTABLES ? Dialect.nftables(rules.ruleset()) : Dialect.IPTABLES;
        List<PolicyCounts.Counts> counts = node.<List<PolicyCounts.Counts>, IOException>call(() -> PolicyCounts.read(backend.text(), rules.counted(dialect)));
        assertEquals(List.of("NetworkPolicy default/allow-web"), counts.stream().map(each -> each.policy().id().text()).toList());
        assertEquals(Optional.of(List.of(PacketCount.NONE)), counts.getFirst().rules());
        node.<IOException>run(() -> {
            if (backend == FilterBackend.NFTABLES) {
                TestNamespaces.run(node, "nft", "flush", "chain", "inet", "canal", "filter-cali-pi-np/default/allow-web");
            } else {
                TestNamespaces.run(node, backend == FilterBackend.IPTABLES_NFT ? "iptables-nft" : "iptables-legacy", "-F", "cali-pi-np/default/allow-web");
            }
        });
        counts = node.<List<PolicyCounts.Counts>, IOException>call(() -> PolicyCounts.read(backend.text(), rules.counted(dialect)));
        assertEquals(Optional.empty(), counts.getFirst().rules(), "what is not the policy's chain is not guessed at");
    }
}
