/**
 * The CNI plugin's server: its protocol, the wiring of pods, the journal of endpoints, and the spool of writes that wait for etcd.
 *
 * <p>May use {@code model}, {@code reconcile}, {@code store}, {@code kernel} and {@code ipam}. Rules and policy stay out: this room
 * writes rows into the table of local endpoints and waits until they are applied.
 */
@NullMarked
package io.canal.cni;

import org.jspecify.annotations.NullMarked;
