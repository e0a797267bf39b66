/**
 * The reconciler of {@code table inet canal}: the ruleset as wanted, the table as seen, and one transaction between the two.
 *
 * <p>The table is ours as a whole; nothing else in nf_tables is touched. It may use {@code ruleset} and {@code kernel.nftables}.
 */
@NullMarked
package io.canal.dataplane.nft;

import org.jspecify.annotations.NullMarked;
