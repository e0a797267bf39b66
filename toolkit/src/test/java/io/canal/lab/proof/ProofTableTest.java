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
        ProofTable table = new ProofTable(List.of(a, b), List.of(new Proof.Pair(a, b, b.address(), 0.314, Optional.empty()),
                new Proof.Pair(b, a, a.address(), 0, Optional.of("no answer to a ping of 1450 bytes"))));
        assertFalse(table.holds());
        assertEquals(List.of("h2 (10.1.94.2) to h1 (10.1.49.2): no answer to a ping of 1450 bytes."), table.failures());
        assertEquals("""
                Pod to pod              h1        h2
                h1   10.1.49.2          -         0.31 ms
                h2   10.1.94.2          FAIL      -""", table.text());
    }

    @Test
    void each_family_has_a_row_of_its_own() {
        Pod c = new Pod(PodSpec.named("proof-h1"), "h1", "", "", "", "", List.of("10.1.49.2", "fd00:10:1:31::2"));
        Pod d = new Pod(PodSpec.named("proof-h2"), "h2", "", "", "", "", List.of("10.1.94.2", "fd00:10:1:5e::2"));
        ProofTable table = new ProofTable(List.of(c, d), List.of(new Proof.Pair(c, d, "10.1.94.2", 0.3, Optional.empty()),
                new Proof.Pair(c, d, "fd00:10:1:5e::2", 0, Optional.of("no answer"))));
        assertEquals(List.of("h1 (10.1.49.2) to h2 (fd00:10:1:5e::2): no answer."), table.failures());
        assertEquals("""
                Pod to pod              h1        h2
                h1   10.1.49.2          -         0.30 ms
                h1   fd00:10:1:31::2    -         FAIL
                h2   10.1.94.2          -         -
                h2   fd00:10:1:5e::2    -         -""", table.text());
    }

    @Test
    void a_pod_from_before_the_second_family_is_tried_in_the_one_that_it_has() {
        Pod both = new Pod(PodSpec.named("proof-h3"), "h3", "", "", "", "", List.of("10.1.7.2", "fd00:10:1:7::2"));
        assertEquals(List.of("10.1.7.2"), Proof.common(a, both));
        assertEquals(List.of("10.1.49.2"), Proof.common(both, a));
        assertEquals(List.of("10.1.7.2", "fd00:10:1:7::2"), Proof.common(both, both));
    }
}
