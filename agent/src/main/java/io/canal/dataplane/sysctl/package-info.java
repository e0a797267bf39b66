/**
 * System controls that the node needs: set, kept, and put back when canal leaves.
 */
@NullMarked
package io.canal.dataplane.sysctl;

import org.jspecify.annotations.NullMarked;
