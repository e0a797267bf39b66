/**
 * The calculation: from policies, profiles, tiers, endpoints and network sets to what holds on this node, change by change.
 *
 * <p>Only endpoints of this node are matched against policies; only selectors that an active rule uses are matched against the
 * endpoints and network sets of the whole cluster; equal selectors share one set. So the cost of a change is that of what it
 * touches. The result depends on the present input only, not on how it came to be so. Pure. May use {@code model} and {@code
 * ruleset}.
 */
@NullMarked
package io.canal.policy.calc;

import org.jspecify.annotations.NullMarked;
