/**
 * nf_tables through netlink: batches that are applied as a whole or not at all, listings of one table, and word of the changes that
 * others make. Neither nft nor libnftables is used.
 *
 * <p>Mechanism only: no domain word. Expressions, keys and verdicts pass through as the bytes of their attributes
 * (linux/netfilter/nf_tables.h).
 */
@NullMarked
package io.canal.kernel.nftables;

import org.jspecify.annotations.NullMarked;
