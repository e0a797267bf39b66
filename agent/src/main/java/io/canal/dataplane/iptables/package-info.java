/**
 * The reconciler of our rules in iptables and ip6tables, and of the ipsets that they look up.
 *
 * <p>Ours are the chains {@code cali-*} and {@code FLANNEL-*}, the rules of kernel chains that lead there or carry a {@code cali:} tag,
 * and the sets {@code cali40*} and {@code cali60*}. All else is foreign. It may use {@code ruleset}, {@code kernel.iptables} and
 * {@code kernel.ipset}.
 */
@NullMarked
package io.canal.dataplane.iptables;

import org.jspecify.annotations.NullMarked;
