/**
 * Real packets: sent between network namespaces, all at once, to see which come through; and raw sockets for those that Java has no
 * socket for.
 *
 * <p>Mechanism only: no domain word. It asks nothing of rules, nor of who made the namespaces.
 */
@NullMarked
package io.canal.kernel.packet;

import org.jspecify.annotations.NullMarked;
