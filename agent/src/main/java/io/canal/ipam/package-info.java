/**
 * Pods' addresses, in the on-disk store of the reference plugin host-local: the same files, the same lock, so that both may be used
 * on one node at the same time.
 *
 * <p>May use {@code model} and {@code kernel}. Which subnet is ours is not known here.
 */
@NullMarked
package io.canal.ipam;

import org.jspecify.annotations.NullMarked;
