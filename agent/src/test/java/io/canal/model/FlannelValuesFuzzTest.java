package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Whatever stands in etcd: a decoder gives a value that prints and parses back, or a sentence. It never throws. */
class FlannelValuesFuzzTest {

    private static final int MUTANTS = 20_000;
    private static final String WHERE = "/coreos.com/network/x";

    private final long seed = Long.getLong("seed", 20260101L);

    @Test
    void leases() {
        fuzz(Vectors.lines("/flannel/leases.txt").stream().map(line -> line.split(" ", 2)[1]).toList(),
                text -> LeaseValue.parse(WHERE, text), LeaseValue::text);
    }

    @Test
    void configs() {
        fuzz(Vectors.lines("/flannel/configs.txt"), text -> NetworkConfig.parse(WHERE, text), NetworkConfig::text);
    }

    @Test
    void subnet_keys() {
        fuzz(Vectors.lines("/flannel/leases.txt").stream().map(line -> line.split(" ", 2)[0]).toList(),
                text -> SubnetKey.parse(WHERE, text), SubnetKey::text);
    }

    @Test
    void holders() {
        LeaseValue lease = LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01"));
        fuzz(List.of(new HolderRecord("ab12", "canal/0", "h1", Instant.parse("2026-01-01T00:00:00Z"), lease).text()),
                text -> {
                    Decoded<HolderRecord> whole = HolderRecord.parse(WHERE, text);
                    Optional<HolderRecord> salvaged = HolderRecord.salvage(text);
                    assertTrue(whole instanceof Bad || salvaged.map(HolderRecord::node).equals(Optional.of(whole.orThrow().node())), text);
                    return whole;
                }, HolderRecord::text);
    }

    @Test
    void sessions() {
        fuzz(List.of(new SessionRecord("f0-0d", Optional.of(Ip.of("10.10.0.1")), Optional.of(Ip.of("fd00::1"))).text()),
                text -> SessionRecord.parse(WHERE, text), SessionRecord::text);
    }

    private <T> void fuzz(List<String> good, Function<String, Decoded<T>> parse, Function<T, String> print) {
        Random random = new Random(seed);
        int accepted = 0;
        int refused = 0;
        for (int i = 0; i < MUTANTS; i++) {
            String from = good.get(random.nextInt(good.size()));
            String text = Vectors.mutated(from, good.get(random.nextInt(good.size())), random);
            String told = "seed " + seed + ", text " + text;
            switch (parse.apply(text)) {
                case Good<T>(T value) -> {
                    accepted++;
                    Decoded<T> again = parse.apply(print.apply(value));
                    assertEquals(Decoded.good(value), again, told);
                }
                case Bad<T>(Problem problem) -> {
                    refused++;
                    assertEquals(WHERE, problem.where(), told);
                    assertFalse(problem.expected().isEmpty(), told);
                }
            }
        }
        assertTrue(accepted > MUTANTS / 1000 && refused > MUTANTS / 10, "the mutants must be of both kinds: " + accepted + " good, " + refused + " bad");
    }
}
