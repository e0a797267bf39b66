/**
 * Netlink: messages, sockets of any protocol, and the route family (links, addresses, routes, neighbours, forwarding entries).
 *
 * <p>Mechanism only: no domain word, and no opinion about who owns what. A socket belongs to the network namespace that its
 * opener was in. Listeners run on platform threads of their own.
 */
@NullMarked
package io.canal.kernel.netlink;

import org.jspecify.annotations.NullMarked;
