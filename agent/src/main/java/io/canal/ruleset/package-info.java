/**
 * The intermediate form of packet-filter rules: one meaning for both dataplanes.
 *
 * <p>Hooks, chains, dispatch by interface, rules made of matches and one action, and named sets, for both address families.
 * {@code ruleset.nft} and {@code ruleset.iptables} render it and interpret what was rendered; {@code ruleset.tenants} fills it.
 *
 * <p>Pure: of other rooms only the address types of {@code model} come in; no I/O, no clock.
 */
@NullMarked
package io.canal.ruleset;

import org.jspecify.annotations.NullMarked;
