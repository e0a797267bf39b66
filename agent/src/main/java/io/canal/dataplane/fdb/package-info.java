/**
 * The forwarding entries of the node's tunnels. Ours are the permanent ones of a tunnel; what it learnt is left alone.
 */
@NullMarked
package io.canal.dataplane.fdb;

import org.jspecify.annotations.NullMarked;
