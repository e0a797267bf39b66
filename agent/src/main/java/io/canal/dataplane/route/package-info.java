/**
 * Routes of the main table: to peers, the blackhole of our own subnet, and to local pods.
 *
 * <p>Ours are the unicast routes through a tunnel that neither the kernel nor a router advertisement made, all routes with
 * {@link io.canal.dataplane.route.RouteStage#PROTOCOL}, and host routes through the interface of a pod that we know. A route of
 * others to a subnet that we need is never replaced: it is named.
 */
@NullMarked
package io.canal.dataplane.route;

import org.jspecify.annotations.NullMarked;
