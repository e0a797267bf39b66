/**
 * Runs the transition of {@link io.canal.lease} on a store: feeds, requests, timers, and what the node's disk remembers.
 *
 * <p>To use it: make one {@link io.canal.lease.keeper.LeaseKeeper} with a {@link io.canal.lease.keeper.KeeperListener}, start it, and
 * hand what the listener is told into tables through {@code ApplyLoop.write}. The listener is called from one thread, in order; it
 * must not block. Requests (put the network config, release, leave, …) may come from any thread and block for seconds at most; a
 * refusal is an answer, in a sentence, not an exception.
 *
 * <p>Kept in the state folder: {@code node-id}; {@code lease.json}, our last subnet and which etcd we last spoke to; {@code
 * network.json}, the network config and all leases and holders as of the last time that they were known whole.
 */
@NullMarked
package io.canal.lease.keeper;

import org.jspecify.annotations.NullMarked;
