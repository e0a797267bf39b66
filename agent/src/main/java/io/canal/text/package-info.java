/**
 * Documents and numbers printed as Go's libraries print them, byte for byte: what Juju and Calico print is compared by people and
 * by scripts.
 *
 * <p>Pure, and knows nothing of canal.
 */
@NullMarked
package io.canal.text;

import org.jspecify.annotations.NullMarked;
