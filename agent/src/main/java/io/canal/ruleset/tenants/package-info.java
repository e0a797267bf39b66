/**
 * What canal's network wants of the packet filter: flannel's masquerade and forward rules. What policy wants is in {@code policy.rules}.
 *
 * <p>Pure: facts in, objects of the intermediate form out.
 */
@NullMarked
package io.canal.ruleset.tenants;

import org.jspecify.annotations.NullMarked;
