/**
 * What documents of Calico's API v3 may hold: each kind's fields with their types, in the order of Calico's own encoder.
 *
 * <p>Pure. A document goes in as any JSON tree and comes out as the tree that Calico would write, or is refused in the words of
 * calicoctl, which are those of Go's decoder. May use {@code model}.
 */
@NullMarked
package io.canal.ctl.schema;

import org.jspecify.annotations.NullMarked;
