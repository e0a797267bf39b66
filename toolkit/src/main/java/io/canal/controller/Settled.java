package io.canal.controller;

import java.util.List;

/**
 * How a model was when the waiting ended.
 *
 * @param reasons a sentence for each unit or machine that is not as it should be; empty when all is settled
 * @param blocked the units that wait for an operator, each with its message
 */
public record Settled(List<String> reasons, List<String> blocked) {

    /** Whether nothing is left to run and every unit is active or blocked. */
    public boolean isSettled() {
        return reasons.isEmpty();
    }

    /** Whether every unit is active. */
    public boolean isActive() {
        return reasons.isEmpty() && blocked.isEmpty();
    }
}
