/**
 * Six witnesses to the question which subnet a node has, each read on its own and none through the agent: the lease in etcd,
 * subnet.env, the conflist, flannel.1's address, the pods, the packet filter's rules. And what peers' leases ask of this node's
 * routes, neighbours and forwarding entries.
 *
 * <p>{@link io.canal.check.Observation} is what was seen, {@link io.canal.check.Examination} is pure and says what is wrong with
 * it, {@link io.canal.check.NodeObserver} does the looking. {@link io.canal.check.Expected} is what etcd asks of the kernel, per
 * family and by the form of each lease. May use {@code model}, {@code store}, {@code kernel}, {@code config}, {@code control.Finding},
 * the pure rooms, and of {@code dataplane} the witness of the rules; nothing of the agent's own state but the files that it leaves on disk.
 */
@NullMarked
package io.canal.check;

import org.jspecify.annotations.NullMarked;
