package io.canal.bench;

import java.util.Arrays;

/**
 * Figures of one kind, in the order in which they were measured.
 *
 * @param values in the unit that the report names
 */
record Sample(double[] values) {

    Sample {
        if (values.length == 0) {
            throw new IllegalArgumentException("a sample needs at least one value");
        }
        values = values.clone();
    }

    /** The value that {@code share} (0 to 1) of the sample does not exceed, by the nearest-rank method. */
    double percentile(double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(share * sorted.length);
        return sorted[Math.max(0, rank - 1)];
    }

    double median() {
        return percentile(0.5);
    }

    /** The lower end of the interval in which the true median is with 95 % confidence, by the ranks of a binomial distribution. */
    double lowMedian() {
        return ranked(values.length - 1 - reach());
    }

    /** The upper end of the same interval. */
    double highMedian() {
        return ranked(reach());
    }

    private int reach() {
        return Math.min(values.length - 1, (int) Math.ceil(values.length / 2.0 + 0.98 * Math.sqrt(values.length)) - 1);
    }

    private double ranked(int rank) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[rank];
    }

    double largest() {
        return percentile(1);
    }

    double smallest() {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[0];
    }

    int size() {
        return values.length;
    }
}
