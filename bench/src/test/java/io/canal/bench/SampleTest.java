package io.canal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SampleTest {

    @Test
    void percentiles_are_values_that_were_measured() {
        Sample sample = new Sample(new double[] {5, 1, 4, 2, 3});
        assertEquals(3, sample.median());
        assertEquals(5, sample.percentile(0.99));
        assertEquals(1, sample.percentile(0));
        assertEquals(1, sample.smallest());
        assertEquals(5, sample.largest());
    }

    @Test
    void an_empty_sample_is_refused() {
        assertThrows(IllegalArgumentException.class, () -> new Sample(new double[0]));
    }
}
