/**
 * What etcd is to canal: get, list, transaction, lease, and a feed that comes back by generations; over etcd ({@link
 * io.canal.store.EtcdStore}), and in memory ({@link io.canal.store.MemoryStore}). One contract test holds both to the same.
 *
 * <p>May use {@code model} and {@code reconcile}. Nothing of jetcd leaves this room. {@link io.canal.store.Txn} and the records of
 * {@link io.canal.store.Store} are plain data, which pure rooms may use.
 */
@NullMarked
package io.canal.store;

import org.jspecify.annotations.NullMarked;
