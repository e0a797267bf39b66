package io.canal.reconcile;

/**
 * One run of all stages.
 *
 * @param revision the last write to the tables that this pass sees
 * @param mayRemove whether the tables are known to be whole, so that what they do not name may be removed; while false, stages
 *     only add and change
 */
public record Pass(long revision, boolean mayRemove) {}
