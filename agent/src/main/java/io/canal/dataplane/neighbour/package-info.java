/**
 * The neighbour entries on the node's tunnels. Ours are the permanent ones on a tunnel; what the kernel learnt is left alone.
 */
@NullMarked
package io.canal.dataplane.neighbour;

import org.jspecify.annotations.NullMarked;
