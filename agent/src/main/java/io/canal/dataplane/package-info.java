/**
 * All that brings the kernel and the node's files to what they should be, one room for each kind of object.
 *
 * <p>Here itself is only the wiring of the stages that carry packets.
 */
@NullMarked
package io.canal.dataplane;

import org.jspecify.annotations.NullMarked;
