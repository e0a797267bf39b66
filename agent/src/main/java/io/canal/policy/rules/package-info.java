/**
 * The policies of this node as packet-filter rules in the intermediate form, in Felix's layout: static chains, chains of policies,
 * profiles and groups, of endpoints, and the dispatch to them.
 *
 * <p>{@link io.canal.policy.rules.PolicyRules} takes what the calculation gives and keeps a {@link io.canal.ruleset.Ruleset} to it.
 * Names, comments, order and so the hash tags are Felix's; where a chain differs, docs/differences.md says why. Pure; may use
 * {@code model} and {@code ruleset}.
 */
@NullMarked
package io.canal.policy.rules;

import org.jspecify.annotations.NullMarked;
