/**
 * What etcd is to canal: get, list, transaction, lease, and a feed that comes back by generations; over etcd, and in memory.
 *
 * <p>May use {@code model} and {@code reconcile}. Nothing of jetcd leaves this room.
 */
@NullMarked
package io.canal.store;

import org.jspecify.annotations.NullMarked;
