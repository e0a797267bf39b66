/**
 * Attacks on a lab that is up: what a pod, or a stranger beside the nodes, may try, with real packets; each beside something that must
 * pass by the same way, so that no attack counts as stopped because nothing passed at all.
 *
 * <p>Uses hosts, pods and etcd of the lab, and packet sockets in their namespaces. Asks nothing of the agent, and puts back what it changed.
 */
@NullMarked
package io.canal.lab.attack;

import org.jspecify.annotations.NullMarked;
