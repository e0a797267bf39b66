/**
 * The intermediate form as nf_tables objects: chains of expressions, sets, maps and elements of one table, byte-exact as the kernel
 * takes them, and a register machine that executes them.
 *
 * <p>Pure. The kernel's names and numbers are those of linux/netfilter/nf_tables.h; expressions are laid out as nft(8) would, so
 * that {@code nft list} reads well.
 */
@NullMarked
package io.canal.ruleset.nft;

import org.jspecify.annotations.NullMarked;
