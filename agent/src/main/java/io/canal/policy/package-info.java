/**
 * Calico's policy: which rules hold for which endpoint of this node.
 *
 * <p>Here are the policies with the meaning of their place, and the records that the calculation gives and the rendering takes.
 * {@code policy.selector} is the language of selectors, {@code policy.calc} calculates, {@code policy.rules} renders,
 * {@code policy.reference} judges both. Pure: tables in, rules out; no I/O, no clock, no history. May use {@code model} and
 * {@code ruleset}.
 */
@NullMarked
package io.canal.policy;

import org.jspecify.annotations.NullMarked;
