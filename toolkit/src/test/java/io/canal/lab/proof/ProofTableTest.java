package io.canal.lab.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProofTableTest {

    private final Pod a = new Pod(PodSpec.named("proof-h1"), "h1", "", "", "", "", List.of("10.1.49.2"));
    private final Pod b = new Pod(PodSpec.named("proof-h2"), "h2", "", "", "", "", List.of("10.1.94.2"));

    @Test
    void one_pair_that_fails_makes_the_proof_fail_and_is_named() {
        ProofTable table = new ProofTable(List.of(a, b), List.of(new Proof.Pair(a, b, 0.314, Optional.empty()),
                new Proof.Pair(b, a, 0, Optional.of("no answer to a ping of 1450 bytes"))));
        assertFalse(table.holds());
        assertEquals(List.of("h2 (10.1.94.2) to h1 (10.1.49.2): no answer to a ping of 1450 bytes."), table.failures());
        assertEquals("""
                Pod to pod              h1        h2
                h1   10.1.49.2          -         0.31 ms
                h2   10.1.94.2          FAIL      -""", table.text());
    }
}
