/**
 * The packet filter of a node as one stage: which dataplane carries the rules, what the rules are, and the switch between dataplanes.
 *
 * <p>To wire it: make {@link io.canal.dataplane.filter.FilterInputs} and one {@link io.canal.dataplane.filter.PacketFilter}, put it among
 * the stages of the apply loop before links and routes, and call {@code start} with a way to ask for a pass, on a thread of the node's
 * network namespace, before the loop starts. Inputs are tables of the loop's thread. The table of endpoints must hold what the
 * journal knows before the first pass: an interface without a row is cut off.
 *
 * <p>It may use {@code ruleset}, {@code dataplane.nft}, {@code dataplane.iptables} and {@code kernel}.
 */
@NullMarked
package io.canal.dataplane.filter;

import org.jspecify.annotations.NullMarked;
