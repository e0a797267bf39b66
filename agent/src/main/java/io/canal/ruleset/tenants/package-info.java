/**
 * What canal itself wants of the packet filter: flannel's masquerade and forward rules, the dispatch of pods' interfaces, and the
 * guard of the overlay.
 *
 * <p>Pure: facts in, objects of the intermediate form out.
 */
@NullMarked
package io.canal.ruleset.tenants;

import org.jspecify.annotations.NullMarked;
