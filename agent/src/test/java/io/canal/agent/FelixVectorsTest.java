package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.rules.PolicyRules;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.testing.FelixFiles;
import io.canal.policy.testing.SavedRules;
import io.canal.policy.testing.SavedSets;
import io.canal.ruleset.Ruleset;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From what was in etcd come the rules and sets that real Felix made of it; the differences that there may be are in docs/differences.md. */
class FelixVectorsTest {

    @TempDir
    static Path memory = Path.of("/nowhere");

    private static final String NODE = "node-1";

    static Stream<String> scenarios() {
        return FelixFiles.scenarios();
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void as_felix(String folder) {
        Ruleset ruleset = rendered(folder, memory, defaults -> defaults);
        for (Family family : Family.values()) {
            SavedRules ours = SavedRules.of(ruleset, family);
            Optional<SavedRules> felix = SavedRules.recorded(folder, family);
            if (felix.isPresent() && felix.get().chains().isEmpty()) {
                assertTrue(ours.chains().containsKey("filter cali-INPUT"), "rules of IPv6 are there also where Felix was told to leave them out");
            } else if (felix.isPresent()) {
                assertEquals("", ours.differences(felix.get()), () -> folder + " " + family);
            }
        }
        SavedSets.recorded(folder).ifPresent(felix -> assertEquals("", SavedSets.of(ruleset).differences(felix), folder));
    }

    /** What the agent makes of a scenario's objects, where its own options are over those of FelixConfiguration. */
    static Ruleset rendered(String folder, Path memory, UnaryOperator<RuleSettings> options) {
        PolicySettings settings = new PolicySettings(options);
        PolicyTables tables = new PolicyTables(() -> NODE, () -> new KeeperStanding(true, true, true, 1, List.of(), List.of()), Map.of(), iface -> false, settings,
                new PolicyMemory(memory), () -> { });
        tables.interfaces(Map.of("eth0", Set.of(Ip.of("10.10.0.1"), Ip.of("fd00:10::1"))));
        Map<ResourceKey, PolicyObject> good = new HashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        for (JsonNode entry : Json.value(folder, FelixFiles.text(folder, "etcd.json.gz").orElseThrow()).orThrow()) {
            ResourceKey.parse(entry.path("key").asText()).filter(key -> PolicyObject.KINDS.contains(key.kind())).ifPresent(key -> {
                if (PolicyObject.decode(key, entry.path("value").asText()) instanceof Decoded.Good<PolicyObject>(PolicyObject object)) {
                    good.put(key, object);
                } else {
                    bad.add(key);
                }
            });
        }
        tables.listed(good, bad, Set.of(), false);
        assertTrue(tables.settle(), "what etcd says is known");
        Ruleset ruleset = new Ruleset();
        PolicyRules rules = new PolicyRules(ruleset, tables.settings());
        tables.flush(rules);
        rules.settings(tables.settings());
        rules.pools(tables.pools());
        rules.hostAddresses(tables.hostAddresses());
        tables.traits().forEach(rules::traits);
        rules.settle();
        rules.hooks().forEach(ruleset::put);
        return ruleset;
    }
}
