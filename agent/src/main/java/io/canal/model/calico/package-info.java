/**
 * Calico's resources as etcd holds them: keys, values, names.
 *
 * <p>A resource is its JSON; the records here read what canal needs from it, and write it back with every field that they do not
 * know. Pure. May use {@code model}.
 */
@NullMarked
package io.canal.model.calico;

import org.jspecify.annotations.NullMarked;
